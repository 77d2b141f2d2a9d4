"""Submitting many jobs in one request, and what became of each."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.config import Settings
from gopher_cli.model.errors import GopherError
from gopher_cli.store.calls import LIMIT
from gopher_cli.verbs.submit import ROUND_TRIP_BYTES, behind_parents, being_cancelled
from gopher_cli.web.api.routes.batch_marks import check_mark
from gopher_cli.web.api.submit.batch_split import jobs_of, lines_of
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.body import MAX_BODY, wants_lines
from gopher_cli.web.api.support.job_request import Asked, read_job
from gopher_cli.web.api.support.submit_common import is_ending, is_new, permit, refusal, states_of, under
from gopher_cli.web.server.problems import PATIENCE, Problem, problem_of, soon, wished
from gopher_cli.web.services import idempotency
from gopher_cli.web.services.idempotency import Claim, Reply
from gopher_cli.web.services.services import services_of

_TOLD = ("cannot_be_given",)  # codes of problems that a client treats in another way
_LARGEST = MAX_BODY + 64 * 1024  # bytes of one job, with the spaces that it may have


class Item(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of one job. `status`: its state; known, refused; or unknown: send it as `job_id` again.

    Refused with the code `try_later`: `job_id` holds its unique key, and is being cancelled; with
    `cannot_be_given`: these servers cannot give its level of durability.
    """

    index: int
    job_id: str | None = None
    status: str
    error: str | None = None
    pointer: str | None = None
    code: str | None = None


class Batch(msgspec.Struct, kw_only=True):
    """What became of many jobs, in their order."""

    accepted: int
    known: int
    refused: int
    items: list[Item]


openapi.SCHEMAS += [Batch]


def limit_of(settings: Settings) -> int:
    return settings.server_batch_limit * 1024 * 1024


async def accept(
    request: Request, text: bytes, *, together: bool, lines: bool = False, of: str = ""
) -> Response:
    key = idempotency.key_of(request)
    texts = lines_of(text) if lines else jobs_of(text)
    await services_of(request).type_schemas.refresh()

    async def work(claim: Claim | None) -> Reply:
        many = Many(request, texts, claim, of)
        await (many.together(at_once=together) if together or of else many.one_by_one(text))
        return many.reply(lines=lines and wants_lines(request))

    if key:
        return (await idempotency.once(services_of(request), request, key, text, work)).response()
    return (await work(None)).response()


class Many:
    """The jobs of one request on their way. Under a claim the ids follow from it, in every try the same."""

    def __init__(self, request: Request, texts: Sequence[bytes], claim: Claim | None, batch: str) -> None:
        self._request, self._texts, self._claim, self._batch = request, texts, claim, batch
        self._services = services_of(request)
        self._gopher = self._services.gopher
        self._items: dict[int, Item] = {}

    async def one_by_one(self, whole: bytes) -> None:
        """Those that make no sense are refused, the others stored. Raises Problem 503 when Redis is away."""
        more = self._services.settings.redis_timeout
        self._request.state.patience = (len(self._texts) // LIMIT + 1) * (PATIENCE + more)
        order = _order(self._texts) if b'"after"' in whole else range(len(self._texts))
        for first in range(0, len(self._texts), LIMIT):
            jobs: dict[int, Asked] = {}
            for index in order[first : first + LIMIT]:
                try:
                    jobs[index] = self._read(index)
                except Problem as problem:
                    self._refuse(index, problem)
            await self._store_all(jobs)
            await asyncio.sleep(0)  # others have waited

    async def together(self, *, at_once: bool) -> None:
        """All of them, ``at_once`` by one call; nothing is stored unless each makes sense.

        Raises Problem 413 or 422.
        """
        if len(self._texts) > LIMIT:
            raise Problem(413, f"{len(self._texts)} jobs cannot be stored at once: {LIMIT} is the limit")
        jobs: dict[int, Asked] = {}
        wrong: list[tuple[int, Problem]] = []
        for index in range(len(self._texts)):
            try:
                jobs[index] = self._read(index)
            except Problem as problem:
                wrong.append((index, problem))
        if wrong:
            raise _all_wrong(wrong)
        if at_once:
            self._check_one_call(jobs)
        if self._batch and len({job.durability for job in jobs.values()}) > 1:
            # Each level is stored apart: the mark of one would pass the lines of another.
            raise Problem(422, "lines of a batch cannot have several levels of durability in one request")
        await self._store_all(jobs, together=True, at_once=at_once)

    def _check_one_call(self, jobs: dict[int, Asked]) -> None:
        if len({(job.job.queue, job.durability) for job in jobs.values()}) > 1:
            raise Problem(422, "jobs of several queues, or levels of durability, cannot be stored at once")
        if sum(len(memoryview(job.job.spec.payload)) for job in jobs.values()) > ROUND_TRIP_BYTES:
            raise Problem(413, "more than 4 MB of payload cannot be stored at once")

    def _read(self, index: int) -> Asked:
        services = self._services
        if len(self._texts[index]) > _LARGEST:
            raise Problem(413, "this job is larger than 1 MB, and 1 MB is the limit")
        asked = read_job(self._texts[index], self._gopher.defaults)
        if asked.body:
            detail = "a job that recurs makes a schedule, and cannot be part of a batch"
            raise Problem(422, detail, hint="send it alone: POST /api/v1/jobs", pointer="/recurring")
        check_mark(asked.mark, self._batch)
        permit(self._request.state.caller, asked.job.queue)
        services.type_schemas.fits(asked.job, asked.payload)
        lasts = services.settings.server_idempotency_ttl
        return under(asked, f"{self._claim.id}.{index}", lasts) if self._claim else asked

    def _refuse(self, index: int, problem: Problem) -> None:
        code = problem.more.get("code")
        self._items[index] = Item(
            index=index, status="refused", error=problem.detail, pointer=problem.pointer,
            code=code if code in _TOLD else None,
        )  # fmt: skip

    async def _store_all(
        self, jobs: dict[int, Asked], *, together: bool = False, at_once: bool = False
    ) -> None:
        levels: dict[str, dict[int, Asked]] = defaultdict(dict)
        for index, asked in jobs.items():
            levels[asked.durability][index] = asked
        for durability, some in levels.items():
            try:
                with wished(durability):
                    await self._store(some, durability, at_once=at_once)
            except Problem as problem:
                if together:
                    raise
                for index in some:
                    self._refuse(index, problem)
            except GopherError as error:
                raise self._broken_off(error, some) from error

    async def _store(self, jobs: dict[int, Asked], durability: str, *, at_once: bool) -> None:
        safely = (durability or self._gopher.defaults.durability) != "memory"
        more = self._services.settings.redis_timeout if safely else 0.0
        mine = [asked.job for asked in jobs.values()]
        marks = [asked.mark for asked in jobs.values()] if self._batch else ()
        stored = self._gopher.submit_many(
            mine, batch=self._batch, marks=marks, durability=durability, together=at_once
        )
        receipts = await soon(stored, more)
        lacking = {
            index: refusal(asked, receipt)
            for (index, asked), receipt in zip(jobs.items(), receipts, strict=True)
            if receipt.refused
        }
        if lacking and at_once:
            raise _all_wrong(sorted(lacking.items()))
        if at_once and (stopping := [receipt for receipt in receipts if receipt.stops]):
            raise is_ending(stopping[0].duplicate_of)
        pairs = zip(jobs.values(), receipts, strict=True)
        fresh = [is_new(asked, receipt, self._claim) for asked, receipt in pairs]
        states = await states_of(self._gopher, [job for job, new in zip(mine, fresh, strict=True) if new])
        for (index, asked), receipt, new in zip(jobs.items(), receipts, fresh, strict=True):
            if receipt.stops:
                detail, holder = str(being_cancelled(receipt)), receipt.duplicate_of
                self._items[index] = Item(
                    index=index, job_id=holder, status="refused", error=detail, code="try_later"
                )
                continue
            if index in lacking:
                self._refuse(index, lacking[index])
                continue
            id = asked.job.id if new else receipt.duplicate_of or asked.job.id
            self._items[index] = Item(index=index, job_id=id, status=states[id] if new else "known")

    def _broken_off(self, error: GopherError, jobs: dict[int, Asked]) -> Problem:
        """What is stored is told, so that the rest can be sent again."""
        for index, asked in jobs.items():
            self._items[index] = Item(index=index, job_id=asked.job.id, status="unknown")
        problem = problem_of(error)
        if problem.status == 503:
            problem.hint = (
                "send it again under an Idempotency-Key; or those that are missing here, and those that are "
                "unknown under their job_id"
            )
        problem.more |= msgspec.to_builtins(self._told())
        return problem

    def _told(self) -> Batch:
        items = [self._items[index] for index in sorted(self._items)]
        counts = Counter(item.status for item in items)
        known, refused, unknown = counts["known"], counts["refused"], counts["unknown"]
        accepted = len(items) - known - refused - unknown
        return Batch(accepted=accepted, known=known, refused=refused, items=items)

    def reply(self, *, lines: bool) -> Reply:
        told = self._told()
        later = any(
            item.code == "try_later" for item in told.items
        )  # who asks again under the key is to have those too
        if lines:
            body = b"".join(msgspec.json.encode(item) + b"\n" for item in told.items)
            return Reply(200, {"Content-Type": "application/x-ndjson"}, body, anew=later)
        return Reply(200, {"Content-Type": "application/json"}, msgspec.json.encode(told), anew=later)


class _Links(msgspec.Struct):
    id: str | None = None
    after: list[str] | None = None


def _order(texts: Sequence[bytes]) -> list[int]:
    """Each job behind those that it waits for: they are stored 500 at a time. Odd ones wait for none."""
    parents: list[tuple[str, Sequence[str]]] = []
    for text in texts:
        try:
            links = msgspec.json.decode(text, type=_Links)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            links = _Links()
        parents.append((links.id or "", links.after or ()))
    return behind_parents(parents)


def _all_wrong(wrong: Sequence[tuple[int, Problem]]) -> Problem:
    errors = [
        {"pointer": f"#/{index}{problem.pointer or ''}", "detail": problem.detail} for index, problem in wrong
    ]
    detail = f"nothing was stored: {len(wrong)} of these jobs cannot be accepted"
    return Problem(422, f"{detail}; the first: {wrong[0][1].detail}", errors=errors)
