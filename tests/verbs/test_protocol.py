"""A command cannot tell whether its verbs work in Redis or through an API: mypy proves it of the types, and
this of the names and the defaults of all arguments."""

from __future__ import annotations

import inspect

import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.remote.remote_gopher import RemoteGopher
from gopher_cli.verbs.protocol import RedisVerbs, Verbs


def verbs_of(kind: type) -> list[str]:
    return sorted(name for name, value in inspect.getmembers(kind) if callable(value) and name[0] != "_")


def taken(kind: type, verb: str) -> list[tuple[str, object, object]]:
    """The arguments of a verb: name, kind and default."""
    _, *parameters = inspect.signature(getattr(kind, verb)).parameters.values()  # but for whose verb it is
    return [(one.name, one.kind, one.default) for one in parameters]


@pytest.mark.parametrize("verb", verbs_of(Verbs))
def test_a_verb_takes_the_same_arguments_through_an_api(verb: str) -> None:
    assert taken(RemoteGopher, verb) == taken(Verbs, verb)


@pytest.mark.parametrize("verb", verbs_of(Verbs))
def test_beside_redis_a_verb_takes_the_same_arguments_and_others_only_by_name(verb: str) -> None:
    wanted, here = taken(Verbs, verb), taken(Gopher, verb)
    more = [one for one in here if one not in wanted]

    assert [one for one in here if one in wanted] == wanted
    assert all(kind is inspect.Parameter.KEYWORD_ONLY for _, kind, _ in more)
    assert all(default is not inspect.Parameter.empty for _, _, default in more)


def test_an_api_offers_what_commands_call_and_nothing_else() -> None:
    assert verbs_of(RemoteGopher) == sorted([*verbs_of(Verbs), "close"])
    assert set(verbs_of(RedisVerbs)) - set(verbs_of(Verbs)) == {"diagnose", "heal"}
