"""Submitting through the API: one job, or many in a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from gopher_cli.model.errors import Denied, GopherError, TooMuch, Unavailable
from gopher_cli.model.job.batch_mark import BatchMark, read_mark
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.fields import given_in
from gopher_cli.model.job.job import Job
from gopher_cli.model.job.make import checked
from gopher_cli.model.text.duration import rfc3339
from gopher_cli.model.text.humanize import ms_of
from gopher_cli.remote.http import Wire
from gopher_cli.store.calls import Receipt
from gopher_cli.verbs.submit import (
    PartialSubmit,
    note_partial_submit,
    wanted_durability,
)

_MOST, _LARGEST = 500, 4 * 1024 * 1024  # jobs and bytes in one request
_WAITS = 30.0  # seconds that a disk or a replica may take


class RemoteSubmits:
    wire: Wire
    defaults: Defaults

    _types: dict[str, dict[str, Any]] | None = None

    async def types(self) -> dict[str, dict[str, Any]]:
        if self._types is None:  # a batch asks for each of its types
            self._types = {item["type"]: item["schema"] for item in self.wire.get("/types")["items"]}
        return self._types

    async def schema_of(self, type: str) -> bytes | None:
        """None also for a key that may only submit: the server checks the payload in any case."""
        try:
            schema = (await self.types()).get(type)
        except Denied:
            return None
        return None if schema is None else msgspec.json.encode(schema)

    async def submit_many(
        self, jobs: Sequence[Job], *, batch: str = "", marks: Sequence[int | str] = (), durability: str = ""
    ) -> list[Receipt]:
        """As Gopher.submit_many does; with ``batch`` nothing of a request is stored if a job is not valid."""
        jobs = [checked(job) for job in jobs]
        level = durability or self.defaults.durability
        wanted_durability(level)
        if len(jobs) == 1 and not batch:
            return [self._one(jobs[0], level)]
        bodies = [_asked(job, level) for job in jobs]
        for body, mark in zip(bodies, marks, strict=False):
            body["mark"] = str(mark)
        receipts: list[Receipt] = []
        for some in _requests(zip(jobs, bodies, strict=True)):
            try:
                receipts += self._many([job for job, _ in some], [body for _, body in some], batch)
            except GopherError as error:
                note_partial_submit(error, _added(receipts, _halfway_in([job for job, _ in some], error)))
                raise
        return receipts

    async def batch_marks(self, batch: str, queue: str = "") -> dict[str, BatchMark]:
        level = self.defaults.durability
        params = {"batch": batch, "queue": queue, "durability": "" if level == "memory" else level}
        answer = self.wire.get("/batches", params, waits=_WAITS)
        return {item["queue"]: read_mark(item["mark"]) for item in answer["items"]}

    async def mark_batch(self, queue: str, batch: str, mark: str, durability: str = "") -> None:
        """Keep how far a batch has come in a queue; a server of old takes marks with jobs only."""
        level = durability or self.defaults.durability
        params = {"batch": batch, "durability": "" if level == "memory" else level}
        try:
            self.wire.put("/batches", {"queue": queue, "mark": mark}, params, waits=_WAITS)
        except GopherError as error:
            if getattr(error, "problem", {}).get("status") not in (404, 405):
                raise

    async def confirm(self, queue: str, durability: str = "") -> None:
        """Nothing to confirm: marks are read as safe as is asked for."""

    def _one(self, job: Job, level: str) -> Receipt:
        try:
            status, answer = self.wire.told("POST", "/jobs", _asked(job, level), waits=_WAITS)
        except GopherError as error:
            if (receipt := _refused_alone(job, error)) is None:
                note_partial_submit(error, _halfway_in([job], error))
                raise
            return receipt
        holder, until = (
            "" if answer["job_id"] == job.id else answer["job_id"],
            ms_of(answer.get("held_until")),
        )
        return Receipt(job.id, status == 201, holder, until)

    def _many(self, jobs: Sequence[Job], bodies: Sequence[dict[str, Any]], batch: str) -> list[Receipt]:
        """What became of each. Raises as the verb does, also where of some it is not known."""
        answer = self.wire.post("/jobs/batch", {"jobs": bodies}, {"batch": batch}, waits=_WAITS)
        items = answer["items"]
        if lacking := [item for item in items if item.get("code") == "cannot_be_given"]:
            raise TooMuch(lacking[0]["error"], "ask for less: --durability fsync or memory")
        return [_receipt(job, item) for job, item in zip(jobs, items, strict=True)]


def _receipt(job: Job, item: Mapping[str, Any]) -> Receipt:
    if item.get("code") == "try_later":
        return Receipt(job.id, False, item["job_id"], stops=True)
    if item["status"] == "refused":
        return Receipt(job.id, False, refused=item["error"])
    id = item["job_id"]
    return Receipt(job.id, item["status"] != "known", "" if id == job.id else id)


def _refused_alone(job: Job, error: GopherError) -> Receipt | None:
    """Of a job that has to wait; None where the request itself came to nothing."""
    problem = getattr(error, "problem", {})
    match problem.get("status"), problem.get("code"):
        case 409, "try_later":  # who holds its unique key is being cancelled
            return Receipt(job.id, False, problem["job_id"], stops=True)
        case _, "no_such_parent":
            return Receipt(job.id, False, refused=str(error))
    return None


def _halfway_in(jobs: Sequence[Job], error: GopherError) -> PartialSubmit:
    """What the problem of a request tells of its jobs."""
    problem = getattr(error, "problem", None)
    if problem is None:  # no answer, or not one of gopher's
        return PartialSubmit(unknown=frozenset(range(len(jobs) if isinstance(error, Unavailable) else 0)))
    if items := problem.get("items"):
        known = {item["index"]: item for item in items}
        unknown = frozenset(i for i, item in known.items() if item["status"] == "unknown")
        return PartialSubmit({i: _receipt(jobs[i], known[i]) for i in known.keys() - unknown}, unknown)
    if len(jobs) == 1 and _is_of_the_job(problem):
        return PartialSubmit({0: Receipt(jobs[0].id, False, refused=str(error))}, goes_on=True)
    if int(problem.get("status") or 0) >= 500:
        return PartialSubmit(unknown=frozenset(range(len(jobs))))
    wrong = {_index_in(fault["pointer"]): fault["detail"] for fault in problem.get("errors") or ()}
    refused = {i: Receipt(jobs[i].id, False, refused=wrong[i]) for i in wrong if 0 <= i < len(jobs)}
    return PartialSubmit(refused, goes_on=bool(refused))


def _is_of_the_job(problem: Mapping[str, Any]) -> bool:
    """Whether this one job is refused, and not whoever asks."""
    status, code = problem.get("status"), problem.get("code")
    is_of_the_queue = status == 403 and ":" in str(problem.get("scope"))
    return is_of_the_queue or (status in (400, 413, 422) and code != "cannot_be_given")


def _index_in(pointer: str) -> int:
    """Of the job that a pointer such as ``#/4/payload/to`` leads to; -1 where it leads to none."""
    digits = pointer.removeprefix("#/").partition("/")[0]
    return int(digits) if digits.isdecimal() else -1


def _added(before: Sequence[Receipt], partial: PartialSubmit) -> PartialSubmit:
    """The same as part of a whole that has come so far before."""
    at = len(before)
    receipts = dict(enumerate(before)) | {at + i: receipt for i, receipt in partial.receipts.items()}
    return PartialSubmit(receipts, frozenset(at + i for i in partial.unknown), partial.goes_on)


def _requests(jobs: Iterable[tuple[Job, dict[str, Any]]]) -> Iterator[list[tuple[Job, dict[str, Any]]]]:
    some: list[tuple[Job, dict[str, Any]]] = []
    size = 0
    for job, body in jobs:
        weight = len(memoryview(job.spec.payload)) + len(body.get("mark", "")) + 500
        if some and (len(some) == _MOST or size + weight > _LARGEST):
            yield some
            some, size = [], 0
        some.append((job, body))
        size += weight
    if some:
        yield some


def _asked(job: Job, level: str) -> dict[str, Any]:
    """A job as the API takes it. What its submitter has not said is not said here either."""
    spec = job.spec
    body: dict[str, Any] = {
        "id": job.id, "type": spec.type, "payload": spec.payload, "queue": job.queue,
        "execute_at": rfc3339(round(job.due * 1000)) if job.due else None, "delay": job.delay or None,
        "after": list(spec.options.after) or None,
        "durability": None if level == "memory" else level,
    }  # fmt: skip
    body |= {field.name: value for field, value in given_in(spec)}
    return {name: value for name, value in body.items() if value is not None}
