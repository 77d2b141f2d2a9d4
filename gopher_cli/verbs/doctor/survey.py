"""Which keys there are below our prefix, and whether each holds what it should."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from gopher_cli.store.asks import survey as survey_asks
from gopher_cli.store.keyspace import known_key
from gopher_cli.verbs.core import Core


@dataclass(slots=True)
class Survey:
    """Which keys there are below our prefix. ``parts``: by queue, what follows the braces of its keys."""

    parts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unknown: list[str] = field(default_factory=list)
    foreign: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


async def survey_keys(core: Core) -> Survey:
    """All keys below our prefix, and whether each holds the kind of value that it should."""
    survey, seen = Survey(), set[str]()
    for node in await core.store.masters():
        cursor = 0
        while True:
            cursor, page = await core.store.ask(survey_asks.names(core.namespace, cursor), node=node)
            fresh = [name for name in dict.fromkeys(page) if name not in seen]
            seen.update(fresh)
            await _sort(core, survey, fresh)
            if not cursor:
                break
    return survey


async def _sort(core: Core, survey: Survey, names: Sequence[str]) -> None:
    ours = {name: key for name in names if (key := known_key(core.namespace, name))}
    survey.unknown += sorted(set(names) - set(ours))
    types = await core.store.ask(survey_asks.types([*ours]))
    for (name, key), type in zip(ours.items(), types, strict=True):
        queue, part = name[len(core.namespace) + 2 :].split("}:", 1)
        survey.parts[queue].append(part)
        if type not in ("none", key.type):
            survey.foreign[queue].append(name)
