"""What submitting one job and submitting many have in common."""

from __future__ import annotations

import base64
import hashlib
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from gopher_cli.gopher import Gopher
from gopher_cli.model.access.scopes import SUBMIT, Caller
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.job import Job
from gopher_cli.store.calls import Receipt
from gopher_cli.web.api.support.job_request import Asked
from gopher_cli.web.server.problems import OTHER_KEY, RETRY_AFTER, Problem, soon
from gopher_cli.web.services.idempotency import Claim


def permit(caller: Caller, queue: str) -> None:
    """Raises Problem 403 for a queue that is not theirs to submit to."""
    if not caller.may(SUBMIT, queue):
        raise Problem(
            403,
            f"this key may not submit to the queue {queue}",
            hint=OTHER_KEY,
            scope=f"{SUBMIT}:{queue}",
        )


def under(asked: Asked, id: str, lasts: float) -> Asked:
    """The same under this id, unless the client has given it one; for ``lasts`` seconds stored once."""
    once = hashlib.blake2b(id.encode(), digest_size=9).digest()
    kept = msgspec.structs.replace(
        asked.job, id=asked.job.id if asked.named else id, once_for=lasts,
        once=base64.urlsafe_b64encode(once).decode(),
    )  # fmt: skip
    return msgspec.structs.replace(asked, job=kept)


def refusal(asked: Asked, receipt: Receipt) -> Problem:
    """Of a job that would have to wait for one that its queue does not have."""
    at = asked.job.spec.options.after.index(receipt.missing)
    return Problem(422, receipt.refused, pointer=f"/after/{at}", code="no_such_parent")


def is_new(asked: Asked, receipt: Receipt, claim: Claim | None) -> bool:
    """Whether it is this request that has stored the job: now, or in a try before this one."""
    if receipt.refused:
        return False
    return receipt.accepted or (claim is not None and not asked.named and not receipt.duplicate_of)


async def states_of(gopher: Gopher, jobs: Sequence[Job]) -> dict[str, str]:
    """The state of each of these, which have just been stored, by id."""
    now = time.time()
    states = {job.id: "scheduled" if job.delay or job.due > now else "enqueued" for job in jobs}
    waiting: dict[str, list[str]] = defaultdict(list)
    for job in jobs:
        if job.spec.options.after:  # only Redis knows whether those have completed
            waiting[job.queue].append(job.id)
    with suppress(GopherError):  # they are stored: that is what has to be said
        for queue, ids in waiting.items():
            states |= dict.fromkeys(await soon(gopher.blocked(queue, ids)), "blocked")
    return states


def is_ending(holder: str) -> Problem:
    """Who has the unique key is about to be cancelled: this job would be done by nobody."""
    detail = f"job {holder} holds this unique key, and is being cancelled: nothing was stored"
    hint = "send it again when that one has ended"
    return Problem(409, detail, hint=hint, headers=RETRY_AFTER, code="try_later", job_id=holder)
