"""From the JSON of the API to the values that the verbs answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from gopher_cli.model.filtering import Filter
from gopher_cli.model.grouping import FailureGroup, FailureGroups
from gopher_cli.model.happenings import AuditEntry
from gopher_cli.model.keys import KeyInfo, ListedKey
from gopher_cli.model.search import format_search
from gopher_cli.model.stats import AttemptRecord, JobDetail, JobRow

Said = Mapping[str, Any]
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# Of a Filter: what has a parameter of its own, and what only a search can say.
_NAMED = ("type", "tag", "error", "group")


def ms_of(text: str | None) -> int:
    """RFC 3339 as milliseconds; never is 0."""
    return round(datetime.fromisoformat(text).timestamp() * 1000) if text else 0


def row_of(said: Said) -> JobRow:
    return JobRow(
        id=said["job_id"], type=said["type"], queue=said["queue"], state=said["status"],
        priority=said["priority"], attempts=said["attempts"], max_retries=said["max_retries"],
        created=ms_of(said["created_at"]), at=ms_of(said["since"]), error=said["error"] or "",
    )  # fmt: skip


def detail_of(whole: Mapping[str, msgspec.Raw]) -> JobDetail:
    """``whole`` is the answer field by field: numbers keep the digits that they have there."""
    said = {name: msgspec.json.decode(raw) for name, raw in whole.items()}
    return JobDetail(
        id=said["job_id"], queue=said["queue"], state=said["status"], type=said["type"],
        payload=said["payload"], priority=said["priority"], attempts=said["attempts"],
        max_retries=said["max_retries"], losses=said["losses"], timeout=said["timeout"],
        backoff=said["backoff"], unique_key=said["unique_key"] or "", after=said["after"], tags=said["tags"],
        headers=said["headers"], parent=said["parent"] or "", worker=said["worker"] or "",
        now=ms_of(said["at"]), created=ms_of(said["created_at"]), ready_at=ms_of(said["enqueued_at"]),
        started=ms_of(said["started_at"]), finished=ms_of(said["completed_at"]),
        due=ms_of(said["execute_at"]), lease_until=ms_of(said["lease_until"]),
        kept_until=ms_of(said["kept_until"]),
        cancel_asked=said["cancel_asked"], result=said["result"], progress=said["progress"],
        history=[_attempt_of(one) for one in said["history"]], log=[_line_of(line) for line in said["log"]],
        why_not_running=said["why_not_running"] or "", spec_bytes=said["spec_bytes"],
        payload_json=bytes(whole["payload"]), result_json=bytes(whole["result"]),
        unreadable=said["unreadable"] or "", sources=said.get("sources", {}),
        schedule=said.get("schedule", ""), instant=ms_of(said.get("instant")),
    )  # fmt: skip


def _attempt_of(said: Said) -> AttemptRecord:
    times = {"at": ms_of(said["at"]), "retry_at": ms_of(said["retry_at"])}
    return msgspec.convert({**said, **times}, AttemptRecord)


def _line_of(line: str) -> str:
    """A line of a log as it is stored: it begins with milliseconds."""
    stamp, blank, words = line.partition(" ")
    return f"{ms_of(stamp)}{blank}{words}" if _STAMP.fullmatch(stamp) else line


def groups_of(said: Said) -> FailureGroups:
    groups = [
        FailureGroup(
            group=one["group"], error=one["error"], count=one["count"], types=one["types"],
            queues=one["queues"], first_ms=ms_of(one["first_at"]), last_ms=ms_of(one["last_at"]),
            sample=one["sample"],
        )
        for one in said["items"]
    ]  # fmt: skip
    return FailureGroups(groups, seen=said["seen"], whole=said["whole"])


def key_of(said: Said) -> KeyInfo:
    return KeyInfo(
        id=said["id"], name=said["name"], scopes=tuple(said["scopes"]), created_ms=ms_of(said["created_at"]),
        expires_ms=ms_of(said["expires_at"]), revoked_ms=ms_of(said["revoked_at"]),
        last_used_ms=ms_of(said["last_used_at"]), rate=said["rate"] or "",
    )  # fmt: skip


def listed_key_of(said: Said, at: int) -> ListedKey:
    return ListedKey(**msgspec.structs.asdict(key_of(said)), as_of_ms=at)


def entry_of(said: Said) -> AuditEntry:
    return AuditEntry(
        said["id"], ms_of(said["at"]), said["actor"], said["action"], said["target"], said["changed"],
        said["detail"],
    )  # fmt: skip


def criteria_of(wanted: Filter) -> dict[str, Any]:
    """A filter as the API takes it, in a query and in a body."""
    said: dict[str, Any] = {"state": list(wanted.states), "queue": list(wanted.queues)}
    said |= {name: getattr(wanted, name) for name in _NAMED}
    if wanted.older_than:
        said["older_than"] = f"{wanted.older_than:.9f}s"
    said["q"] = format_search(
        Filter(id_part=wanted.id_part, payload=wanted.payload, text=wanted.text, poison=wanted.poison)
    )
    return {name: value for name, value in said.items() if value}
