"""Follow-ups that wait for other jobs: what they wait for is looked for before their parent completes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from gopher_cli.model.errors import GopherError, NotFound
from gopher_cli.model.job.job import Job
from gopher_cli.store.asks.outbox import encode_follow_ups
from gopher_cli.store.calls import Settlement
from gopher_cli.verbs.core import in_slices
from gopher_cli.verbs.parents import missing

if TYPE_CHECKING:
    from gopher_cli.gopher import Gopher


class Chained(Settlement, frozen=True, kw_only=True):
    """A success whose follow-ups ``jobs`` wait for others; ``otherwise`` is what it is if they cannot."""

    jobs: Sequence[Job]
    otherwise: Callable[[GopherError], Settlement]


def is_chain(jobs: Sequence[Job]) -> bool:
    """Whether some of these wait for others."""
    return any(job.spec.options.after for job in jobs)


async def checked(gopher: Gopher, item: Settlement) -> Settlement:
    """The same; or the failure that it is where follow-ups wait for a job that their queue does not have.

    Where a queue cannot be reached, they find out when they come there: they are ``unsure``.
    """
    if not isinstance(item, Chained):
        return item
    ours = {job.id for job in item.jobs}
    others: dict[str, dict[str, str]] = defaultdict(dict)
    for job in item.jobs:
        others[job.queue] |= {id: job.id for id in job.spec.options.after if id not in ours}
    try:
        for queue, waits in others.items():
            for piece in in_slices(list(waits)):
                for id in await gopher.unknown(queue, piece):
                    why = missing(queue, id, (await gopher.elsewhere([id]))[id])
                    return item.otherwise(NotFound(f"the follow-up {waits[id]} is refused: {why}"))
    except GopherError:
        return msgspec.structs.replace(item, follow_ups=encode_follow_ups(item.jobs, unsure=True))
    return item
