"""Actions on many jobs through the API: each request does some seconds' worth, until nothing is left."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from gopher_cli.model.select.actions import DELETE, GONE, RETRY, Action, Answer
from gopher_cli.model.select.bulk import Bulk, Tell, no_progress
from gopher_cli.model.select.filter import Filter
from gopher_cli.remote.criteria import criteria_of
from gopher_cli.remote.http import Wire

_STEP = 10.0  # seconds that a request may take beside its way


class RemoteBulk:
    wire: Wire

    async def count(self, filter: Filter, *, tell: Tell = no_progress) -> dict[tuple[str, str], int]:
        """How many jobs the server has looked at it does not tell: ``tell`` hears 0."""
        counts: dict[tuple[str, str], int] = {}
        for step in self._steps("/jobs/purge", filter, 0, {"dry_run": True}):
            for part in step["by"]:
                key = (part["queue"], part["state"])
                counts[key] = counts.get(key, 0) + part["jobs"]
            tell(0)
        return counts

    async def purge(self, filter: Filter, *, limit: int = 0, tell: Tell = no_progress) -> Bulk:
        return self._all(DELETE, "/jobs/purge", filter, limit, {}, tell)

    async def retry_all(
        self,
        filter: Filter,
        *,
        limit: int = 0,
        rate: float = 0.0,
        target: str = "",
        tell: Tell = no_progress,
    ) -> Bulk:
        more: dict[str, Any] = {"target": target} if target else {}
        return self._all(RETRY, "/jobs/retry", filter, limit, more | ({"rate": rate} if rate else {}), tell)

    async def move(self, queue: str, ids: Sequence[str], target: str) -> dict[str, Answer]:
        done = {}
        for id in ids:
            step = self.wire.post(
                "/dlq/requeue", {"ids": [id], "queue": queue, "target": target}, waits=_STEP
            )
            left = [RETRY.read(word) for word in step["left"]]
            done[id] = RETRY.success if step["changed"] else next(iter(left), GONE)
        return done

    def _all(
        self, action: Action, path: str, filter: Filter, limit: int, more: dict[str, Any], tell: Tell
    ) -> Bulk:
        done = Bulk()
        for step in self._steps(path, filter, limit, more):
            left = {action.read(word): count for word, count in step["left"].items()}
            done.add(action, {action.success: step["changed"]} | left)
            tell(done.changed)
        return done

    def _steps(self, path: str, filter: Filter, limit: int, more: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What each request has done; ``limit`` counts the jobs that were seen by all of them."""
        # Only whoever asks for nothing means all: criteria that come to nothing are refused by the server.
        asked = ({"all": True} if filter == Filter() else criteria_of(filter)) | more
        while True:
            step = self.wire.post(path, asked | ({"limit": limit} if limit else {}), waits=_STEP)
            yield step
            seen = step["changed"] + sum(step["left"].values())
            if not step["more"] or (limit and seen >= limit):
                return
            limit = limit - seen if limit else 0
            asked["cursor"] = step["cursor"]
            time.sleep(step.get("retry_after") or 0)  # the rate: sooner the server would do nothing
