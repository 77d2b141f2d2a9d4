"""Producing: jobs come in."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from gopher_cli.failpoints import underway
from gopher_cli.model.errors import GopherError, NotFound, TryLater, Unavailable, Unconfirmed, Usage
from gopher_cli.model.facts import JobsSubmitted
from gopher_cli.model.job.batch_mark import BatchMark
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.durability import MEMORY, Durability, parse_durability
from gopher_cli.model.job.fields import BY_NAME, CHECKS
from gopher_cli.model.job.job import NO_OPTIONS, Job
from gopher_cli.model.job.make import checked, make_job, make_options
from gopher_cli.model.job.payload import EMPTY
from gopher_cli.model.job.value_checks import check_text
from gopher_cli.store import calls
from gopher_cli.store.asks import ask
from gopher_cli.store.calls import Receipt
from gopher_cli.store.keyspace import Keys
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.parents import missing, queues_with

_LOOKED_FOR = 20  # missing jobs that are looked for in other queues
ROUND_TRIP_BYTES = 4 * 1024 * 1024


def new_job(defaults: Defaults, type: str, payload: Any = EMPTY, **given: Any) -> Job:
    """A job with the defaults filled in that somebody has set: what nobody has set is left to the
    handler, and then to the worker. An option that is None is not given.

    Raises Usage or BadData; TypeError for an unknown option.
    """
    if given:
        given = {name: value for name, value in given.items() if value is not None}
    rare = {name: given.pop(name) for name in CHECKS if name in given} if given else {}
    given.setdefault("queue", defaults.queue)
    if defaults.said:
        for name in defaults.said & BY_NAME.keys():
            (rare if name in CHECKS else given).setdefault(name, getattr(defaults, name))
    return make_job(type, payload, options=make_options(**rare) if rare else NO_OPTIONS, **given)


def said_durability(options: dict[str, Any]) -> str:
    """Take it out of the options of a submit; "" where they have none. Raises Usage."""
    level = options.pop("durability", None)
    return "" if level is None else check_text("durability", level)


def wanted_durability(text: str) -> Durability:
    """Raises Usage for what is none."""
    try:
        return parse_durability(text)
    except ValueError as error:
        raise Usage(str(error)) from None


def round_trips(jobs: Iterable[tuple[int, Job]]) -> Iterator[list[tuple[int, Job]]]:
    """Cut into pieces that one script call takes: 500 jobs, and 4 MB of payload."""
    piece: list[tuple[int, Job]] = []
    size = 0
    for index, job in jobs:
        weight = len(memoryview(job.spec.payload))
        if piece and (len(piece) == calls.LIMIT or size + weight > ROUND_TRIP_BYTES):
            yield piece
            piece, size = [], 0
        piece.append((index, job))
        size += weight
    if piece:
        yield piece


def by_queue(jobs: Sequence[Job]) -> dict[str, list[tuple[int, Job]]]:
    """Jobs with their index in the whole, apart by queue."""
    apart: dict[str, list[tuple[int, Job]]] = defaultdict(list)
    for index, job in enumerate(jobs):
        apart[job.queue].append((index, job))
    return apart


def being_cancelled(receipt: Receipt, hint: str = "submit it again when that one has ended") -> TryLater:
    """What is said of a job that would be done by nobody: who holds its unique key is about to end."""
    message = f"{receipt.duplicate_of} holds this unique key, and is being cancelled: nothing was submitted"
    return TryLater(message, hint)


def submissions(
    keys: Callable[[str], Keys],
    jobs: Sequence[Job],
    *,
    batch: str = "",
    marks: Sequence[int | str] = (),
    together: bool = False,
    now: str = "",
) -> Iterator[tuple[list[int], calls.Call[list[Receipt]]]]:
    """The calls that submit these jobs, each with the indexes of its jobs in the whole."""
    for queue, mine in by_queue(jobs).items():
        ahead, sent = deque(index for index, _ in mine), set[int]()
        mark: int | str = 0
        for piece in round_trips(parents_first(mine)):
            indexes, some = [index for index, _ in piece], [job for _, job in piece]
            sent.update(indexes)
            while marks and ahead and ahead[0] in sent:  # it is in, and so are all before it
                mark = marks[ahead.popleft()]
            # Without a mark yet, that of an earlier run stays.
            noted = "" if marks and not mark else batch
            call = calls.submit(keys(queue), some, batch=noted, mark=mark, together=together, now=now)
            yield indexes, call


def parents_first(mine: list[tuple[int, Job]]) -> list[tuple[int, Job]]:
    """Each job behind those that it waits for, as they came otherwise. A ring stays as it is."""
    if not any(job.spec.options.after for _, job in mine):
        return mine
    order = behind_parents([(job.id, job.spec.options.after) for _, job in mine])
    return [mine[place] for place in order]


def behind_parents(jobs: Sequence[tuple[str, Sequence[str]]]) -> list[int]:
    """The places of jobs (id and parents) in the order in which they can be stored. A ring stays as it is."""
    places = {id: place for place, (id, _) in reversed(list(enumerate(jobs)))}
    met, order = set[int](), dict[int, None]()
    for first in range(len(jobs)):
        stack = [first]
        while stack:
            met.add(stack[-1])
            before = [places[id] for id in jobs[stack[-1]][1] if id in places]
            if ahead := [place for place in before if place not in met]:
                stack += reversed(ahead)
            else:
                order.setdefault(stack.pop())
    return list(order)


def _told(jobs: Sequence[Job], receipts: dict[int, Receipt]) -> dict[int, Receipt]:
    """The same; those that were refused say why, without a look at other queues."""
    return {
        i: msgspec.structs.replace(receipt, refused=missing(jobs[i].queue, receipt.missing, ()))
        if receipt.missing
        else receipt
        for i, receipt in receipts.items()
    }


class PartialSubmit(msgspec.Struct):
    """What is known of the jobs of a submit that an error has ended, by their places in it.

    Those of ``unknown`` may be stored; all others without a receipt are not. With ``goes_on`` some make no
    sense, as their receipts say, and the others can be submitted again without them.
    """

    receipts: dict[int, Receipt] = {}
    unknown: frozenset[int] = frozenset()
    goes_on: bool = False


def partial_submit_of(error: GopherError) -> PartialSubmit:
    """How far a submit of many had come that has raised this."""
    partial = getattr(error, "partial", None)
    return partial if isinstance(partial, PartialSubmit) else PartialSubmit()


def note_partial_submit(error: GopherError, partial: PartialSubmit) -> None:
    """Let it tell how far the submit had come that it ends."""
    error.partial = partial  # type: ignore[attr-defined]


async def submit(core: Core, type: str, payload: Any = EMPTY, **options: Any) -> str:
    """Submit one job and answer its id; a job that is known already answers the id it has.

    ``payload`` is any JSON value, or JSON text as bytes: {} where it is left out, null where it is None.

    Options: id, queue, priority (0-10 or a word), max_retries, timeout, due (epoch seconds) or
    delay (seconds), backoff, unique_key, unique_for, retention, after (ids), tags, headers; and
    durability (memory, fsync, replica:N), which is kept before the id is answered.
    Raises Usage, BadData, BadConfig, Unavailable or TryLater; NotFound for a job to wait for that its
    queue does not have.
    """
    durability = said_durability(options)
    job = new_job(core.defaults, type, payload, **options)
    (receipt,) = await submit_many(core, [job], durability=durability)
    if receipt.stops:
        raise being_cancelled(receipt)
    if receipt.refused:
        raise NotFound(receipt.refused)
    return receipt.duplicate_of or receipt.id


async def submit_many(
    core: Core,
    jobs: Sequence[Job],
    *,
    batch: str = "",
    marks: Sequence[int | str] = (),
    durability: str = "",
    together: bool = False,
    now: str = "",
) -> list[Receipt]:
    """Submit jobs, 500 a round trip; what became of each, in order.

    Their order does not matter to those that wait for others of the same call and queue. One that waits
    for a job that its queue does not have is not stored: its receipt says so (``refused``); nor is one
    whose unique key is held by a job that is being cancelled (``stops``). With ``together`` then nothing
    of its round trip is stored.

    ``marks`` (line numbers, or a BatchMark as text) are kept per queue under ``batch`` in the
    same instant, so that a repeated batch knows where to go on.

    An error that ends it halfway tells what has become of the jobs by then: `partial_submit_of`.
    """
    jobs = [checked(job) for job in jobs]
    safely = wanted_durability(durability or core.defaults.durability)
    await core.announce(job.queue for job in jobs)
    receipts: dict[int, Receipt] = {}
    for indexes, call in submissions(core.keys, jobs, batch=batch, marks=marks, together=together, now=now):
        try:
            answer = await underway("bulk.chunk_sent", core.store.run(call, "submit", safely))
        except GopherError as error:
            maybe = indexes if isinstance(error, (Unavailable, Unconfirmed)) else ()
            note_partial_submit(error, PartialSubmit(_told(jobs, receipts), frozenset(maybe)))
            raise
        receipts |= zip(indexes, answer, strict=True)
    await _explain(core, jobs, receipts)
    if core.listeners:
        core.inform(JobsSubmitted([job for i, job in enumerate(jobs) if receipts[i].accepted]))
    return [receipts[index] for index in range(len(jobs))]


async def _explain(core: Core, jobs: Sequence[Job], receipts: dict[int, Receipt]) -> None:
    """Say of each that was refused why; the first missing ones are looked for in other queues."""
    lacking = {i: receipt for i, receipt in receipts.items() if receipt.missing}
    names = dict.fromkeys(receipt.missing for receipt in lacking.values())
    elsewhere = await queues_with(core, list(names)[:_LOOKED_FOR]) if names else {}
    for i, receipt in lacking.items():
        why = missing(jobs[i].queue, receipt.missing, elsewhere.get(receipt.missing, ()))
        receipts[i] = msgspec.structs.replace(receipt, refused=why)


async def confirm(core: Core, queue: str, durability: str = "") -> None:
    """Wait until all that a queue has by now is as safe as that (as the defaults say, without it).

    Whoever reads at a level waits until what was read is as safe. Raises as `submit` does.
    """
    level = wanted_durability(durability or core.defaults.durability)
    if level is not MEMORY:
        await core.store.run(calls.depth(core.keys(queue)), "submit", level)


async def blocked(core: Core, queue: str, ids: Sequence[str]) -> set[str]:
    """Those of these jobs that wait for others."""
    scores = await core.store.ask(ask.scores(core.keys(queue), "blocked", ids))
    return {id for id, score in zip(ids, scores, strict=True) if score is not None}


async def mark_batch(core: Core, queue: str, batch: str, mark: str, durability: str = "") -> None:
    """Keep how far a batch has come in a queue, where what became of its jobs is known by now.

    Raises as `submit` does.
    """
    call = calls.submit(core.keys(queue), (), batch=batch, mark=mark)
    await core.store.run(call, "submit", wanted_durability(durability or core.defaults.durability))


async def batch_mark(core: Core, queue: str, batch: str) -> int:
    """The last line of a batch that this queue has."""
    marks = await batch_marks(core, batch, queue)
    return marks[queue].line if marks else 0


async def batch_marks(core: Core, batch: str, queue: str = "") -> dict[str, BatchMark]:
    """By queue, how far a batch has come; of one queue only, where it is named."""
    queues = [queue] if queue else await core.store.ask(ask.queues(core.namespace))
    return await core.store.ask(ask.batch_marks([core.keys(name) for name in queues], batch))


async def schema_of(core: Core, type: str) -> bytes | None:
    """The JSON Schema that a worker has published for this type, if any has."""
    return await core.store.ask(ask.schema_of(core.namespace, type))
