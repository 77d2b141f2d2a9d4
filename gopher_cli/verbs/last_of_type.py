"""When jobs of a type ran last, and when they last succeeded, by the verbs of any door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gopher_cli.model.errors import NotFound
from gopher_cli.model.hints import LIST_JOBS
from gopher_cli.model.job.value_checks import check_type
from gopher_cli.model.schedule.expect import LastOfType
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.text.timestamp import Timestamp
from gopher_cli.verbs.schedule.expects import completed

if TYPE_CHECKING:
    from gopher_cli.verbs.protocol import Verbs


async def last_of_type(verbs: Verbs, type: str, queue: str = "") -> LastOfType:
    """The newest job of a type, and its last success, also where that job is gone but was expected.

    Raises Usage, and NotFound for an unknown queue and where nothing is known of the type.
    """
    queues = (queue,) if queue else ()
    newest = await verbs.jobs(Filter(type=check_type(type), queues=queues), limit=1)
    done = await verbs.jobs(completed(type, queues), limit=1)
    success = done[0] if done else None
    noted = max(
        (expect.last_success for expect in await verbs.expects(queue) if expect.type == type), default=0
    )
    if not (newest or success or noted):
        where = f" in the queue {queue}" if queue else ""
        hint = LIST_JOBS.put("see: gopher types, gopher jobs ls")
        raise NotFound(f"no job of the type {type} is known{where}", hint)
    last = Timestamp(max(noted, success.at if success else 0))
    known = success if success and success.at == last else None
    return LastOfType(type=type, job=newest[0] if newest else None, success=known, last_success=last)
