"""The same job once more, as one would write it: a command, and a request."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec

from gopher_cli.model.stats import JobDetail

_MOST = 4000  # characters of payload that a command line should carry
_FILE = "@payload.json"


def as_command(job: JobDetail) -> str:
    """For a shell: every word of it is quoted."""
    words = ["gopher", "submit", "-t", job.type]
    if job.queue != "default":
        words += ["-Q", job.queue]
    words += ["-p", _payload(job) or _FILE]
    if job.priority != 5:
        words += ["--priority", str(job.priority)]
    for tag in job.tags:
        words += ["--tag", tag]
    return shlex.join(words)


def as_request(job: JobDetail, server: str) -> str:
    """For curl. Where a key is needed, it is taken from the environment, and is in no history."""
    payload = _payload(job)
    body: dict[str, Any] = {"type": job.type, "queue": job.queue}
    if payload:
        body["payload"] = msgspec.Raw(payload.encode())
    if job.priority != 5:
        body["priority"] = job.priority
    if job.tags:
        body["tags"] = job.tags
    data = msgspec.json.encode(body).decode() if payload else _FILE
    words = ["curl", "-X", "POST", f"{server}/api/v1/jobs", "-H", "Content-Type: application/json"]
    return f'{shlex.join(words)} -H "X-API-KEY: $GOPHER_API_KEY" -d {shlex.quote(data)}'


def _payload(job: JobDetail) -> str:
    """Its JSON, or nothing where that is too long for a line."""
    text = msgspec.json.encode(job.payload).decode()
    return text if len(text) <= _MOST else ""
