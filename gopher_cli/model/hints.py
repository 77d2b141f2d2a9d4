"""What to do next, for whoever sits before a shell and for whoever calls the API."""

from __future__ import annotations

from typing import NamedTuple


class Hint(NamedTuple):
    """The same advice in two languages; ``http`` is empty where only a shell helps.

    A hint that is a plain text serves both.
    """

    shell: str
    http: str = ""

    def put(self, shell: str) -> Hint:
        """The same for a client, and for a shell in these words."""
        return Hint(shell, self.http)


LIST_JOBS = Hint("list them with: gopher jobs ls", "list them with: GET /api/v1/jobs")
LIST_QUEUES = Hint("list them with: gopher queue ls", "list them with: GET /api/v1/queues")
LIST_GROUPS = Hint("list them with: gopher list-failed --groups", "list them with: GET /api/v1/dlq/groups")
LIST_EXPECTS = Hint("list them with: gopher expect ls", "list them with: GET /api/v1/expects")
LIST_SCHEDULES = Hint("list them with: gopher schedule ls", "list them with: GET /api/v1/schedules")
LIST_WORKERS = Hint("list them with: gopher workers", "list them with: GET /api/v1/workers")
SEE_TYPES = Hint("see: gopher types", "see: GET /api/v1/types")
SEE_KEYS = Hint("see: gopher keys ls", "see: GET /api/v1/keys")
PREVIEW = Hint(
    "see what it means: gopher schedule next --cron …",
    "see what it means: POST /api/v1/schedules/preview",
)
_EVERY = (
    LIST_JOBS, LIST_QUEUES, LIST_GROUPS, LIST_EXPECTS, LIST_SCHEDULES, LIST_WORKERS,
    SEE_TYPES, SEE_KEYS, PREVIEW,
)  # fmt: skip


def of_http(hint: str) -> str | Hint:
    """What an API has advised."""
    return next((known for known in _EVERY if known.http == hint), hint)
