"""Submitting through the API: one job, or many in a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from gopher_cli.model.defaults import Defaults
from gopher_cli.model.duration import rfc3339
from gopher_cli.model.errors import BadData, NotFound, TryLater
from gopher_cli.model.job import Job
from gopher_cli.model.making import checked
from gopher_cli.model.marks import BatchMark, read_mark
from gopher_cli.model.payload import EMPTY
from gopher_cli.remote.values import ms_of
from gopher_cli.remote.wire import Wire
from gopher_cli.store.calls import Receipt
from gopher_cli.verbs.producing import being_cancelled, new_job, said_durability, wanted_durability

_MOST, _LARGEST = 500, 4 * 1024 * 1024  # jobs and bytes in one request
_WAITS = 30.0  # seconds that a disk or a replica may take
_RARE = ("backoff", "unique_key", "unique_for", "tags", "headers")


class RemoteSubmits:
    wire: Wire
    defaults: Defaults

    _types: dict[str, dict[str, Any]] | None = None

    async def types(self) -> dict[str, dict[str, Any]]:
        if self._types is None:  # a batch asks for each of its types
            self._types = {one["type"]: one["schema"] for one in self.wire.get("/types")["items"]}
        return self._types

    async def schema_of(self, type: str) -> bytes | None:
        schema = (await self.types()).get(type)
        return None if schema is None else msgspec.json.encode(schema)

    async def submit(self, type: str, payload: Any = EMPTY, **options: Any) -> str:
        durability = said_durability(options)
        (receipt,) = await self.submit_many(
            [new_job(self.defaults, type, payload, **options)], durability=durability
        )
        if receipt.stops:
            raise being_cancelled(receipt)
        if receipt.refused:
            raise NotFound(receipt.refused)
        return receipt.duplicate_of or receipt.id

    async def submit_many(
        self, jobs: Sequence[Job], *, batch: str = "", marks: Sequence[int | str] = (), durability: str = ""
    ) -> list[Receipt]:
        """As Gopher.submit_many does; with ``batch`` nothing of a request is stored if a job is not valid."""
        jobs = [checked(job) for job in jobs]
        level = durability or self.defaults.durability
        wanted_durability(level)
        if len(jobs) == 1 and not batch:
            return [self._one(jobs[0], level)]
        asked = [_asked(job, level) for job in jobs]
        for one, mark in zip(asked, marks, strict=False):
            one["mark"] = str(mark)
        pairs = zip(jobs, asked, strict=True)
        return [receipt for some in _requests(pairs) for receipt in self._many(some, batch)]

    async def batch_marks(self, batch: str, queue: str = "") -> dict[str, BatchMark]:
        level = self.defaults.durability
        asked = {"batch": batch, "queue": queue, "durability": "" if level == "memory" else level}
        said = self.wire.get("/batches", asked, waits=_WAITS)
        return {one["queue"]: read_mark(one["mark"]) for one in said["items"]}

    async def mark_batch(self, queue: str, batch: str, mark: str) -> None:
        """Nothing: the API takes marks with jobs only."""

    async def confirm(self, queue: str, durability: str = "") -> None:
        """Nothing to confirm: marks are read as safe as is asked for."""

    def _one(self, job: Job, level: str) -> Receipt:
        try:
            status, said = self.wire.told("POST", "/jobs", _asked(job, level), waits=_WAITS)
        except (NotFound, TryLater) as error:
            problem = getattr(error, "problem", {})
            match problem.get("status"), problem.get("code"):
                case 409, "try_later":  # who holds its unique key is being cancelled
                    return Receipt(job.id, False, problem["job_id"], stops=True)
                case _, "no_such_parent":
                    return Receipt(job.id, False, refused=str(error))
            raise
        holder, until = "" if said["job_id"] == job.id else said["job_id"], ms_of(said.get("held_until"))
        return Receipt(job.id, status == 201, holder, until)

    def _many(self, some: Sequence[tuple[Job, dict[str, Any]]], batch: str) -> Iterator[Receipt]:
        body = {"jobs": [asked for _, asked in some]}
        said = self.wire.post("/jobs/batch", body, {"batch": batch}, waits=_WAITS)
        for (job, _), item in zip(some, said["items"], strict=True):
            if item.get("code") == "try_later":
                yield Receipt(job.id, False, item["job_id"], stops=True)
                continue
            if item["status"] == "refused" and str(item.get("pointer")).startswith("/after/"):
                yield Receipt(job.id, False, refused=item["error"])
                continue
            if item["status"] == "refused":
                raise BadData(f"{job.id}: {item['error']}")
            if item["status"] == "unknown":
                raise TryLater(f"whether {job.id} is stored is not known", "submit it again under this id")
            id = item["job_id"]
            yield Receipt(job.id, item["status"] != "known", "" if id == job.id else id)


def _requests(jobs: Iterable[tuple[Job, dict[str, Any]]]) -> Iterator[list[tuple[Job, dict[str, Any]]]]:
    some: list[tuple[Job, dict[str, Any]]] = []
    size = 0
    for job, asked in jobs:
        weight = len(memoryview(job.spec.payload)) + len(asked.get("mark", "")) + 500
        if some and (len(some) == _MOST or size + weight > _LARGEST):
            yield some
            some, size = [], 0
        some.append((job, asked))
        size += weight
    if some:
        yield some


def _asked(job: Job, level: str) -> dict[str, Any]:
    """A job as the API takes it. What its submitter has not said is not said here either."""
    spec, options = job.spec, job.spec.options
    said: dict[str, Any] = {
        "id": job.id, "type": spec.type, "payload": spec.payload, "queue": job.queue,
        "priority": spec.priority, "max_retries": spec.max_retries, "timeout": spec.timeout,
        "execute_at": rfc3339(round(job.due * 1000)) if job.due else None, "delay": job.delay or None,
        "after": list(options.after) or None,
        "durability": None if level == "memory" else level,
    }  # fmt: skip
    said |= {name: getattr(options, name) or None for name in _RARE}
    said["retention"] = options.retention  # 0 is said too
    return {name: value for name, value in said.items() if value is not None}
