"""The next step in the words of HTTP: what the verbs advise is typed into a shell."""

from __future__ import annotations

JOBS = "list them with: GET /api/v1/jobs"
GROUPS = "list them with: GET /api/v1/dlq/groups"
QUEUES = "list them with: GET /api/v1/queues"
SCHEDULES = "list them with: GET /api/v1/schedules"
OTHER_KEY = "ask the operator of this server for a key that may do it"
FILL = "give it a value, or leave it out"
BY_COMMAND = {
    "gopher jobs": JOBS,
    "gopher queue": QUEUES,
    "gopher list-failed --groups": GROUPS,
    "gopher expect": "list them with: GET /api/v1/expects",
    "gopher schedule next --cron": "see what it means: POST /api/v1/schedules/preview",
    "gopher schedule": SCHEDULES,
    "gopher types": "see: GET /api/v1/types",
    "gopher workers": "list them with: GET /api/v1/workers",
    "gopher keys": "see: GET /api/v1/keys",
}


def in_http(hint: str) -> str:
    """The same advice for a client; none where only a shell would help."""
    if "gopher " not in hint:
        return hint
    return next((said for command, said in BY_COMMAND.items() if command in hint), "")
