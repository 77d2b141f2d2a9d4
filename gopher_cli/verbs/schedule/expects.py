"""Expects: the dead man's side of recurring jobs, for those that cron or something else feeds."""

from __future__ import annotations

import msgspec

from gopher_cli.actor import ACTOR
from gopher_cli.model.errors import BadData, Refused
from gopher_cli.model.facts import Operation
from gopher_cli.model.hints import LIST_EXPECTS
from gopher_cli.model.job.value_checks import check_queue, check_type
from gopher_cli.model.schedule.expect import (
    MOST,
    SAME,
    Declared,
    Expect,
    check_every,
    check_expect_name,
    check_grace,
    the_expect,
)
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.views.job_view import JobRow
from gopher_cli.store import calls
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.queues import known_queues
from gopher_cli.verbs.select.list import list_page

_SHORT = 200  # characters of who has declared it
_LOOKED_AT = 100  # completed jobs of the type: they stand in the order in which their retention ends


async def expect(
    core: Core, name: str, type: str, every: float, *, queue: str = "", grace: float = 0.0
) -> Declared:
    """Declare that jobs of a type succeed in a queue at least every so many seconds (1 s to 10 years);
    ``grace`` is how much later still counts as on time. The same again changes nothing.

    It counts from the last success that is still known, else from now. Raises Usage; Refused where the
    queue has a thousand; TryLater where nothing can be stored.
    """
    queue = check_queue(queue or core.defaults.queue)
    declared = Expect(
        queue=queue, name=check_expect_name(name), type=check_type(type), every=check_every(every),
        grace=check_grace(grace), by=ACTOR.get()[:_SHORT],
    )  # fmt: skip
    await core.announce([queue])
    word, stored = await core.store.run(calls.expect(core.keys(queue), declared))
    if word == "full":
        raise Refused(
            f"the queue {queue} has {MOST} expects, and that is the limit",
            LIST_EXPECTS.put(f"remove one that nobody needs: gopher expect rm NAME -Q {queue}"),
        )
    # What succeeds from now on is noted; a success before is looked for behind that, so none is missed.
    if not stored.last_success and (seen := await _success_of(core, queue, type)):
        declared = msgspec.structs.replace(declared, last_success=int(seen.at))
        _, stored = await core.store.run(calls.expect(core.keys(queue), declared))
    if word != SAME:
        await core.record(Operation("expect", f"{queue}/{name}", detail=stored.terms))
    return Declared(stored, word)


async def list_expects(core: Core, queue: str = "") -> list[Expect]:
    """All that is expected, by queue and name; of one queue, where it is named.

    Of all, those are left out whose queue has keys of a foreign type: see `diagnose`. Raises NotFound
    for a queue that nobody has used.
    """
    names = await known_queues(core, [queue] if queue else [])
    try:
        by_queue = await core.store.run_many([calls.expects(core.keys(name)) for name in names])
    except BadData:
        if queue:
            raise
        by_queue = [await _if_readable(core, name) for name in names]
    return [expect for of_queue in by_queue for expect in of_queue]


async def drop_expect(core: Core, name: str, queue: str = "") -> Expect:
    """Expect it no longer; what was expected. Raises NotFound, or Ambiguous as `the_expect`."""
    gone = the_expect(await list_expects(core, queue), name)
    await core.store.run(calls.drop_expect(core.keys(gone.queue), name))
    await core.record(Operation("drop expect", f"{gone.queue}/{name}"))
    return gone


async def _if_readable(core: Core, queue: str) -> list[Expect]:
    try:
        return await core.store.run(calls.expects(core.keys(queue)))
    except BadData:
        return []


async def _success_of(core: Core, queue: str, type: str) -> JobRow | None:
    """The newest completed job of the type, as far as one page of a list goes."""
    page = await list_page(core, completed(type, (queue,)), limit=_LOOKED_AT)
    return max(page.rows, key=lambda row: row.at, default=None)


def completed(type: str, queues: tuple[str, ...]) -> Filter:
    return Filter(type=type, queues=queues, states=("completed",))
