"""A filter as the API takes it."""

from __future__ import annotations

from typing import Any

from gopher_cli.model.select.filter import Filter
from gopher_cli.model.select.filter_parser import format_search

# Of a Filter: what has a parameter of its own, and what only a search can say.
_NAMED = ("type", "tag", "error", "group")


def criteria_of(filter: Filter) -> dict[str, Any]:
    """In a query and in a body: what is not empty."""
    criteria: dict[str, Any] = {"state": list(filter.states), "queue": list(filter.queues)}
    criteria |= {name: getattr(filter, name) for name in _NAMED}
    if filter.older_than:
        criteria["older_than"] = f"{filter.older_than:.9f}s"
    criteria["q"] = format_search(
        Filter(id_part=filter.id_part, payload=filter.payload, text=filter.text, poison=filter.poison)
    )
    return {name: value for name, value in criteria.items() if value}
