"""From the JSON of the API to the values that the verbs answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gopher_cli.model.access.api_keys import KeyInfo, ListedKey
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.select.language import format_search
from gopher_cli.model.text.humanize import ms_of

Said = Mapping[str, Any]
# Of a Filter: what has a parameter of its own, and what only a search can say.
_NAMED = ("type", "tag", "error", "group")


def key_of(said: Said) -> KeyInfo:
    return KeyInfo(
        id=said["id"], name=said["name"], scopes=tuple(said["scopes"]), created_ms=ms_of(said["created_at"]),
        expires_ms=ms_of(said["expires_at"]), revoked_ms=ms_of(said["revoked_at"]),
        last_used_ms=ms_of(said["last_used_at"]), rate=said["rate"] or "",
    )  # fmt: skip


def listed_key_of(said: Said, at: int) -> ListedKey:
    return ListedKey(**msgspec.structs.asdict(key_of(said)), as_of_ms=at)


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
