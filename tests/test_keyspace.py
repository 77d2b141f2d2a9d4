"""The table of all keys: scripts, docs and the doctor have no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gopher_cli.store import scripts
from gopher_cli.store.keyspace import (
    FLEET_KEYSPACE,
    KEYSPACE,
    PLACES,
    QUEUE_KEYS,
    QUEUE_KEYSPACE,
    Key,
    known_key,
)
from gopher_cli.store.scripts import load

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/keyspace.md"
NAMED = {name: set(load(name).keys) for name in scripts.names()}
ONE_OF_SEVERAL = {"place"}  # which of them it is, the caller says
SUFFIXES = {"held": "<worker>", "reply": "<digest>"}


def test_every_key_that_a_script_names_is_known() -> None:
    queue, fleet = {*QUEUE_KEYSPACE, *ONE_OF_SEVERAL}, set(FLEET_KEYSPACE)

    assert [name for name, keys in NAMED.items() if not (keys <= queue or keys <= fleet)] == []


def test_every_key_that_is_known_is_used() -> None:
    """By a script, or by plain commands."""
    named = set().union(*NAMED.values())
    python = "".join(
        path.read_text() for path in (ROOT / "gopher_cli/store").rglob("*.py") if path.name != "keyspace.py"
    )

    rest = {*QUEUE_KEYSPACE, *FLEET_KEYSPACE} - named
    assert [name for name in rest if not re.search(rf'"{name}"|\b{name}_key\(', python)] == []


def test_a_queue_is_removed_with_all_its_keys() -> None:
    """Events end with those who watch, and what a worker holds goes with the worker."""
    assert NAMED["remove_queue"] == set(QUEUE_KEYS) - {"events", "events_new"}


def test_scripts_number_the_places_as_the_keyspace_does() -> None:
    text = scripts.read("places")
    places, states = re.findall(r"\{(.*?)\}", text, re.DOTALL)

    assert re.findall(r"KEYS\.(\w+)", places) == list(PLACES)
    assert re.findall(r'"(\w+)"', states) == list(PLACES.values())


@pytest.mark.parametrize(
    "key",
    ["{q}:spec", "{q#2}:ready_high", "{q}:held:w.0", "{~}:meta", f"{{~}}:reply:{'0' * 32}", "{~}:signed_out"],
)
def test_a_key_is_known(key: str) -> None:
    assert known_key("g", f"g:{key}")


@pytest.mark.parametrize(
    "key",
    [
        "{q}:people", "{q}:held", "{q}:held:", "{q}:spec:", "{q}:spec:1", "{~}:spec", "{q}:workers",
        "{a b}:spec", "{~}:reply", "{~}:reply:xyz", f"{{~}}:reply:{'0' * 33}", "spec", "",
    ],
)  # fmt: skip
def test_a_key_is_not_known(key: str) -> None:
    assert not known_key("g", f"g:{key}")
    assert not known_key("g", key)


def row(name: str, key: Key) -> str:
    suffix = f":{SUFFIXES[name]}" if key.suffix else ""
    return f"| `{name}{suffix}` | {key.type} | {key.content.replace('->', '→')} |"


@pytest.mark.parametrize("scope", KEYSPACE)
def test_the_page_shows_the_table(scope: str) -> None:
    """A row that is wrong is told as it should be: copy it."""
    part = PAGE.read_text().split(f"## The {scope}")[1].split("\n## ")[0]

    assert re.findall(r"^\| `.*", part, re.MULTILINE) == [row(*item) for item in KEYSPACE[scope].items()]
