"""RemoteGopher: the same verbs as Gopher, each a request to the HTTP API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from gopher_cli.model.access.api_keys import KeyInfo, ListedKey, NewKey, meant_key
from gopher_cli.model.errors import Ambiguous, GopherError, NotFound
from gopher_cli.model.facts import AuditEntry
from gopher_cli.model.hints import LIST_JOBS, LIST_QUEUES
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.select.actions import CANCEL, GONE, RESCHEDULE, RETRY, Action, Answer
from gopher_cli.model.select.failure_groups import FailureGroups
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.text.duration import rfc3339
from gopher_cli.model.text.humanize import ms_of
from gopher_cli.model.views.job_view import JobDetail, JobRow
from gopher_cli.model.views.stats import OrderedWorker, Stats, WorkerInfo
from gopher_cli.remote.bulk import RemoteBulk
from gopher_cli.remote.criteria import criteria_of
from gopher_cli.remote.expects import RemoteExpects
from gopher_cli.remote.http import Wire, job_path
from gopher_cli.remote.problems import outcome_of
from gopher_cli.remote.schedules import RemoteSchedules
from gopher_cli.remote.submit import RemoteSubmits
from gopher_cli.remote.watch import RemoteWatching, since_ms
from gopher_cli.verbs.protocol import ALL

_PAGE = 500


class _Page(msgspec.Struct):
    items: list[JobRow]
    next_cursor: str | None


class _Audit(msgspec.Struct):
    items: list[AuditEntry]
    next_cursor: str | None


class RemoteGopher(RemoteSubmits, RemoteBulk, RemoteExpects, RemoteSchedules, RemoteWatching):
    """Its coroutines never suspend: a command that does one thing needs no event loop.

    ``defaults`` are those of the caller's settings, as for a Gopher of its own.
    """

    def __init__(self, wire: Wire, defaults: Defaults) -> None:
        self.wire = wire
        self.defaults = defaults

    async def close(self) -> None:
        self.wire.close()

    async def check(
        self, *, accept_eviction: bool = False, everywhere: bool = False, thorough: bool = False
    ) -> None:
        """The server has looked at its Redis when it started; here only whether it answers."""
        if everywhere:
            self.wire.get("/stats")

    async def stats(self, queues: Sequence[str] = ()) -> Stats:
        return msgspec.convert(self.wire.get("/stats", {"queue": queues}), Stats)

    async def workers(self) -> list[WorkerInfo]:
        return msgspec.convert(self.wire.get("/workers")["items"], list[WorkerInfo])

    async def queues(self) -> list[str]:
        return [row["queue"] for row in self.wire.get("/queues")["items"]]

    @property
    def new_queues(self) -> Collection[str]:
        """The server does not tell which queues are new."""
        return ()

    async def known_queues(self, queues: Sequence[str] = ()) -> list[str]:
        known = await self.queues()
        for queue in queues:
            if queue not in known:
                raise NotFound(f"no queue {queue}", LIST_QUEUES)
        return list(queues) or known

    async def pause(self, queue: str, *, paused: bool = True) -> bool:
        action = "pause" if paused else "resume"
        return bool(self.wire.post(f"/queues/{_name(queue)}/{action}")["changed"])

    async def order(self, name: str, order: str, *, every: bool = False) -> list[OrderedWorker]:
        answer = self.wire.post(f"/workers/{_name(name)}/{order}", params={"all": "true"} if every else {})
        return msgspec.convert(answer["items"], list[OrderedWorker])

    async def remove_queue(self, queue: str) -> None:
        self.wire.delete(f"/queues/{_name(queue)}")

    # Jobs.

    async def find(self, text: str, queue: str = "") -> tuple[str, str]:
        place = self.wire.get("/find", {"id": text, "queue": queue})
        return place["queue"], place["job_id"]

    async def queue_of(self, id: str, queue: str = "") -> str:
        return str(self.wire.get(job_path(id), {"queue": queue})["queue"])

    async def queues_of(self, ids: Sequence[str], queue: str = "") -> dict[str, list[str]]:
        holders: dict[str, list[str]] = {}
        for id in ids:
            try:
                holders[id] = [await self.queue_of(id, queue)]
            except NotFound:
                holders[id] = []
            except Ambiguous as error:
                holders[id] = error.queues
        return holders

    async def inspect(self, queue: str, id: str) -> JobDetail:
        try:
            job: JobDetail = self.wire.get(job_path(id), {"queue": queue}, kind=JobDetail)
            return job
        except NotFound as error:
            raise NotFound(f"no job {id} in {queue}", LIST_JOBS) from error

    async def jobs(self, filter: Filter, *, limit: int = 50, newest: bool = True) -> list[JobRow]:
        slices = self.slices(filter, limit=limit, newest=newest)
        return [row async for rows, _ in slices for row in rows]

    async def slices(
        self, filter: Filter, *, limit: int = 0, newest: bool = True
    ) -> AsyncIterator[tuple[list[JobRow], int]]:
        """Some rows at a time. How many jobs the server has looked at it does not tell: 0."""
        count = 0
        asked: dict[str, Any] = criteria_of(filter) | {"order": "" if newest else "oldest"}
        while not limit or count < limit:
            some = min(_PAGE, limit - count) if limit else _PAGE
            page = self.wire.get("/jobs", asked | {"limit": str(some)}, kind=_Page)
            count += len(page.items)
            yield page.items, 0
            if not page.next_cursor:
                break
            asked["cursor"] = page.next_cursor

    async def cancel(self, queue: str, ids: Sequence[str]) -> dict[str, Answer]:
        return {id: self._do(CANCEL, queue, id) for id in ids}

    async def retry(self, queue: str, ids: Sequence[str], *, source: str = "any") -> dict[str, Answer]:
        """Also those that workers died of: whoever calls the verb was asked about them."""
        return {id: self._do(RETRY, queue, id, source=source, poison="true") for id in ids}

    async def reschedule(
        self, queue: str, ids: Sequence[str], *, due: float | None = None, delay: float = 0.0
    ) -> dict[str, Answer]:
        moment: dict[str, Any] = (
            {"delay": delay} if due is None else {"execute_at": rfc3339(round(due * 1000))}
        )
        return {id: self._do(RESCHEDULE, queue, id, moment) for id in ids}

    def _do(
        self, action: Action, queue: str, id: str, body: dict[str, Any] | None = None, **more: str
    ) -> Answer:
        """``more`` are parameters."""
        try:
            answer = self.wire.post(job_path(id, action.name), body, {"queue": queue} | more)
        except NotFound:
            return GONE
        except GopherError as error:
            if word := outcome_of(error):
                return action.read(word)
            raise
        done = action.read(answer["outcome"])
        return msgspec.structs.replace(done, due_ms=ms_of(answer.get("due_at")))

    async def failure_groups(self, filter: Filter = ALL) -> FailureGroups:
        asked = criteria_of(filter)
        asked.pop("state", None)
        groups: FailureGroups = self.wire.get("/dlq/groups", asked, waits=5.0, kind=FailureGroups)
        return groups

    # Events, keys and the audit.

    async def create_key(
        self, name: str, *, role: str = "", scopes: Iterable[str] = (), lasts: float = 0.0, rate: str = ""
    ) -> NewKey:
        body = {"name": name, "role": role, "scopes": list(scopes), "expires_in": lasts, "rate": rate}
        answer = self.wire.post("/keys", {k: v for k, v in body.items() if v})
        return NewKey(info=_key_of(answer), secret=answer["secret"])

    async def api_keys(self) -> list[ListedKey]:
        answer = self.wire.get("/keys")
        at = ms_of(answer["at"])
        return [ListedKey(**msgspec.structs.asdict(_key_of(key)), as_of_ms=at) for key in answer["items"]]

    async def living_key(self, name_or_id: str) -> KeyInfo:
        known = await self.api_keys()
        return meant_key(known, name_or_id, known[0].as_of_ms if known else 0)

    async def revoke_key(self, name_or_id: str) -> KeyInfo:
        return _key_of(self.wire.delete(f"/keys/{_name(name_or_id)}"))

    async def sign_out_all(self) -> bool:
        return bool(self.wire.post("/keys/sign-out-all")["changed"])

    async def audit_log(self, *, limit: int = 100, before: str = "", ago: float = 0.0) -> list[AuditEntry]:
        entries: list[AuditEntry] = []
        least = since_ms(self.wire, ago)
        while len(entries) < limit:
            asked = {"limit": str(min(_PAGE, limit - len(entries))), "cursor": before}
            page = self.wire.get("/audit", asked, kind=_Audit)
            entries += [entry for entry in page.items if entry.at_ms >= least]
            before = page.next_cursor or ""
            if not before or page.items[-1].at_ms < least:
                break
        return entries


def _name(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _key_of(key: Mapping[str, Any]) -> KeyInfo:
    return KeyInfo(
        id=key["id"], name=key["name"], scopes=tuple(key["scopes"]), created_ms=ms_of(key["created_at"]),
        expires_ms=ms_of(key["expires_at"]), revoked_ms=ms_of(key["revoked_at"]),
        last_used_ms=ms_of(key["last_used_at"]), rate=key["rate"] or "",
    )  # fmt: skip
