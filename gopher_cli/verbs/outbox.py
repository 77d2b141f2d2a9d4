"""The outbox: follow-ups are carried from the queue of their parent to their own, and dead jobs that move."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import msgspec

from gopher_cli.model.errors import BadData, GopherError
from gopher_cli.model.job.history_outcome import HistoryOutcome, history_entry
from gopher_cli.store import calls
from gopher_cli.store.asks import outbox
from gopher_cli.store.asks.outbox import OutboxEntry, decode_entry, nonce_of
from gopher_cli.store.calls import Cargo, Settlement
from gopher_cli.store.calls.outbox import LET_GO
from gopher_cli.verbs.core import SLICE, Core, in_slices
from gopher_cli.verbs.submit import ROUND_TRIP_BYTES

_PAGE = 200
# Who has read an outbox brings what it has read for so long, in seconds. A queue remembers for longer what
# the outbox has let go (LET_GO): so nobody brings what the queue has forgotten.
_FRESH = 30.0
Endings = dict[tuple[str, str], str]  # by queue, and name of the entry while it is in the outbox, or id


class HeldEntry(msgspec.Struct, frozen=True):
    """Why an entry stays where it is, and of which job it waits for the end, if that is of another queue."""

    why: str
    queue: str = ""
    id: str = ""


class DeliveryPlan(msgspec.Struct):
    """What to do with some entries. ``held``: they cannot go yet; ``kept``: they stay for those."""

    ready: dict[str, list[Cargo]] = msgspec.field(default_factory=lambda: defaultdict(list))
    held: dict[str, HeldEntry] = msgspec.field(default_factory=dict)
    kept: set[str] = msgspec.field(default_factory=set)


class Delivery(msgspec.Struct):
    """One walk after the other through an outbox, or to entries of these names.

    A queue that could not be reached is not tried again in it. What was ``brought`` moves no second time.
    """

    queue: str
    names: Sequence[str]
    carried: int = 0
    moved: bool = False
    brought: set[str] = msgspec.field(default_factory=set)
    plan: DeliveryPlan = msgspec.field(default_factory=DeliveryPlan)
    failed: dict[str, GopherError] = msgspec.field(default_factory=dict)


async def relay(core: Core, queue: str, names: Sequence[str] = ()) -> int:
    """Carry follow-ups from the outbox of a queue (or those of these names) to theirs; how many.

    Anybody may, at any time.

    Each is accepted once. One that waits for others stays until those have been delivered, or have
    completed if they are of other queues. A job that moves, and is refused there, is dead again here.
    One that cannot be read, or whose queue cannot be reached,
    stays, and does not hold up the others. Raises at the end what kept some from their queue.
    """
    delivery = Delivery(queue, names)
    while True:
        delivery.moved, delivery.plan = False, DeliveryPlan()
        await _walk(core, delivery)
        if not (delivery.moved and (delivery.plan.held or delivery.plan.kept)):
            break
    if not names:
        for some in core.awaits.values():
            some -= {seen for seen in some if seen[0] == queue}
        core.awaits = {job: some for job, some in core.awaits.items() if some}
    for name, held in delivery.plan.held.items():
        if held.queue:
            core.awaits.setdefault((held.queue, held.id), set()).add((queue, name))
    for error in delivery.failed.values():
        raise error
    return delivery.carried


def due(core: Core, queue: str, items: Sequence[Settlement]) -> dict[str, list[str]]:
    """The follow-ups that may go their way when these attempts of a queue have ended, by outbox."""
    own = [name for item in items for name, _ in item.follow_ups]
    names_of = {queue: own} if own else {}
    for item in items if core.awaits else ():
        id = item.lease.id
        for source, name in core.awaits.pop((queue, id), ()):
            # The entry of the job itself was kept for those that wait for it.
            names_of.setdefault(source, []).extend((name, f"{id} {nonce_of(name)}"))
    return names_of


async def _walk(core: Core, delivery: Delivery) -> None:
    cursor, keys = 0, core.keys(delivery.queue)
    for piece in in_slices(delivery.names):
        read = time.monotonic()
        await _visit(core, delivery, await core.store.ask(outbox.called(keys, piece)), read)
    while not delivery.names:
        read = time.monotonic()
        cursor, stored = await core.store.ask(outbox.page(keys, cursor, _PAGE))
        await _visit(core, delivery, stored, read)
        if not cursor:
            return


async def _visit(core: Core, delivery: Delivery, stored: Mapping[str, bytes], read: float) -> None:
    if entries := readable(stored):
        await _deliver(
            core, delivery, await plan_delivery(core, delivery.queue, entries, delivery.plan), read
        )


async def plan_delivery(
    core: Core, queue: str, entries: Sequence[OutboxEntry], plan: DeliveryPlan | None = None
) -> DeliveryPlan:
    """Which of these entries can go to their queues now, in which order."""
    plan = plan or DeliveryPlan()
    plan.ready = defaultdict(list)
    entries = sorted(entries, key=lambda entry: (entry.nonce, entry.turn))
    there = await _there(core, queue, entries)
    endings = await _endings(core, entries, there)
    sent: set[str] = set()

    def came(queue: str, name: str) -> bool:
        return endings.get((queue, name), "unknown") != "unknown"

    for entry in entries:
        job = entry.job
        siblings = {entry.sibling(id): queue for id, queue in entry.awaited.items()}
        if any(name in there and not came(queue, name) for name, queue in siblings.items()):
            plan.kept.add(entry.name)
            if came(job.queue, entry.name):
                continue
        ending, held = _judge(entry, there, endings, sent)
        if held:
            plan.held[entry.name] = held
            continue
        sent.add(entry.name)
        waits = tuple(entry.waits)
        cargo = Cargo(entry.name, job, bool(entry.awaited), entry.unsure, waits, ending, entry.kept)
        plan.ready[job.queue].append(cargo)
    return plan


async def _there(core: Core, queue: str, entries: Sequence[OutboxEntry]) -> set[str]:
    """The entries that are in the outbox, of those that these speak of."""
    names = {entry.name for entry in entries}
    spoken = {entry.sibling(id) for entry in entries for id in (*entry.waits, *entry.awaited)}
    there = set(names)
    for piece in in_slices(sorted(spoken - names)):
        there |= await core.store.ask(outbox.present(core.keys(queue), piece))
    return there


async def _endings(core: Core, entries: Sequence[OutboxEntry], there: set[str]) -> Endings:
    """How those have ended, by queue and id, whose end these entries wait for.

    Of a queue that cannot be reached nothing is known.
    """
    asked: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        for id, queue in entry.awaited.items():
            if (name := entry.sibling(id)) in there:
                asked[queue].add(name)
                asked[entry.job.queue].add(entry.name)
        for id, queue in entry.waits.items():
            if (name := entry.sibling(id)) in there:
                asked[queue].add(name)
            elif queue != entry.job.queue:
                asked[queue].add(id)
    endings: Endings = {}
    for queue, ids in asked.items():
        with suppress(GopherError):
            for piece in in_slices(sorted(ids)):
                words = await core.store.run(calls.parent_states(core.keys(queue), piece))
                endings |= {(queue, id): word for id, word in words.items()}
    return endings


async def _deliver(core: Core, delivery: Delivery, plan: DeliveryPlan, read: float) -> None:
    """To one queue after the other; in a cluster at once, for one may be slow to say that it is away."""
    journeys = [
        _bring(core, delivery, queue, cargo, read)
        for queue, cargo in plan.ready.items()
        if queue not in delivery.failed
    ]
    if core.store.scattered and len(journeys) > 1:
        import asyncio  # late: a command that does not wait starts without it

        await asyncio.gather(*journeys)
        return
    for journey in journeys:
        await journey


async def _bring(core: Core, delivery: Delivery, queue: str, cargo: Sequence[Cargo], read: float) -> None:
    for piece in pieces(cargo):
        if time.monotonic() - read > _FRESH:
            return
        try:
            await core.announce([queue])
            done = await core.store.run(calls.accept(core.keys(queue), piece))
        except GopherError as error:
            delivery.failed[queue] = error
            return
        back = await _bring_back(core, delivery.queue, done.refused)
        arrived = {entry.name for entry in piece} - {*done.refused} | {*back}
        delivery.moved |= not arrived <= delivery.brought
        delivery.brought |= arrived
        left = {*delivery.plan.kept, *done.refused}
        gone = [entry for entry in piece if entry.name not in left]
        delivery.carried += len(gone)
        await _let_go(core, delivery.queue, queue, gone, done.now)


async def _bring_back(core: Core, source: str, names: Sequence[str]) -> list[str]:
    """Jobs that their new queue has refused are in the dead letter queue again where they came from."""
    return await core.store.run(calls.move_back(core.keys(source), names)) if names else []


async def _let_go(core: Core, source: str, queue: str, gone: Sequence[Cargo], now: int) -> None:
    """They have arrived: the outbox forgets them, and then their queue that they were brought."""
    names = [entry.name for entry in gone]
    await core.store.ask(outbox.drop(core.keys(source), names))
    awaited = [entry.job.id for entry in gone if entry.awaited]
    with suppress(GopherError):  # what it keeps it drops after a month
        awaited = await core.store.ask(outbox.droppable_notes(core.keys(queue), awaited)) if awaited else []
        await core.store.ask(outbox.let_go(core.keys(queue), names, now + LET_GO, awaited))


def _judge(
    entry: OutboxEntry, there: set[str], endings: Mapping[tuple[str, str], str], sent: set[str]
) -> tuple[bytes, HeldEntry | None]:
    """Why it is dead, as JSON, and why it is held, if it is."""
    for id, queue in entry.waits.items():
        name = entry.sibling(id)
        word = endings.get((queue, name if name in there else id), "away")
        if queue == entry.job.queue:
            if name in there and name not in sent and word in ("unknown", "away"):
                return b"", HeldEntry(f"it waits for {id}, which is not in its queue {queue} yet")
        elif word == "lost" or (word == "unknown" and name not in there):
            why = f"it waits for {id} of the queue {queue}, which was cancelled or deleted"
            return history_entry(HistoryOutcome.FAILED, why, attempt=0), None
        elif word != "completed":
            return b"", HeldEntry(f"it waits for {id} of the queue {queue}", queue, id)
    return b"", None


def readable(stored: Mapping[str, bytes]) -> list[OutboxEntry]:
    """The entries of a page, without those that cannot be read."""
    entries = []
    for name, raw in stored.items():
        with suppress(BadData):
            entries.append(decode_entry(name, raw))
    return entries


def pieces(cargo: Iterable[Cargo]) -> Iterator[list[Cargo]]:
    """What one script call takes: 500 jobs, and 4 MB of payload."""
    piece: list[Cargo] = []
    size = 0
    for entry in cargo:
        if piece and (len(piece) == SLICE or size + entry.size > ROUND_TRIP_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(entry)
        size += entry.size
    if piece:
        yield piece
