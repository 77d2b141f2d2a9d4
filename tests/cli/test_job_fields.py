"""Each field of a job: every door takes it, stores the same, and shows it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from cli.running import Cli
from gopher_cli.model.job.fields import BY_NAME, FIELDS, Field, Kind, as_options, as_text, keys_of
from gopher_cli.model.job.job import Options, Spec
from gopher_cli.model.views.job_view import ASKED
from gopher_cli.store.codec import decode_spec

# What a program gives, and what is stored.
SAMPLES: dict[str, tuple[Any, Any]] = {
    "priority": ("high", 8),
    "max_retries": (7, 7),
    "timeout": (90.0, 90.0),
    "backoff": ("fixed:3s", "fixed:3s"),
    "unique_key": ("alone", "alone"),
    "unique_for": (600.0, 600.0),
    "retention": (3600.0, 3600.0),
    "tags": (["blue", "a b"], ("blue", "a b")),
    "headers": ({"tenant": "acme"}, {"tenant": "acme"}),
}
BESIDE = {"unique_for": {"unique_key": "alone"}}  # what it needs
Give = Callable[[dict[str, Any]], str]


def options(fields: dict[str, Any]) -> list[str]:
    return list(as_options((BY_NAME[name], value) for name, value in fields.items()))


def lines(cli: Cli, fields: dict[str, Any]) -> str:
    line = json.dumps({"type": "t", "id": "line", **fields})
    assert cli("submit", "-q", "--batch", "-", stdin=line).code == 0
    return "line"


def posted(url: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.fixture(
    params=["command", "command far away", "line", "line far away", "body", "schedule", "schedule far away"]
)
def give(request: Any, near: Cli, far: Cli, served: Any) -> Give:
    """Submits a job with these fields through a door, and answers its id."""
    cli = far if "far" in request.param else near

    def schedule(fields: dict[str, Any]) -> str:
        ran = cli("schedule", "set", "often", "-t", "t", "--every", "1h", *options(fields))
        assert ran.code == 0, ran.err
        return cli("schedule", "run", "often").out.strip()

    ways: dict[str, Give] = {
        "command": lambda fields: cli.id("-t", "t", *options(fields)),
        "line": lambda fields: lines(cli, fields),
        "body": lambda fields: str(posted(f"{served[0].url}/api/v1/jobs", {"type": "t", **fields})["job_id"]),
        "schedule": schedule,
    }
    return ways[request.param.split()[0]]


def stored(redis: Any, served: Any, id: str) -> Spec:
    spec = decode_spec(redis.hget(f"{served[1]['GOPHER_NAMESPACE']}:{{default}}:spec", id))
    assert spec is not None
    return spec


def test_every_field_has_a_sample_and_a_place_in_what_is_stored() -> None:
    assert SAMPLES.keys() == BY_NAME.keys()
    fields = {*Spec.__struct_fields__, *Options.__struct_fields__}
    of_one_job = {"type", "payload", "options", "after", "parent", "schedule", "instant"}
    assert BY_NAME.keys() == fields - of_one_job


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_door_takes_a_field_and_stores_the_same(
    give: Give, redis: Any, served: Any, field: Field
) -> None:
    value, kept = SAMPLES[field.name]

    spec = stored(redis, served, give(BESIDE.get(field.name, {}) | {field.name: value}))

    assert field.of(spec) == kept


@pytest.mark.parametrize(
    ("key", "field", "more"),
    [(key, field, more) for field in FIELDS for key, more in keys_of(field).items() if key != field.name],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_every_spelling_of_a_field_means_the_same(
    near: Cli, redis: Any, served: Any, key: str, field: Field, more: int
) -> None:
    value, kept = SAMPLES[field.name]
    id = posted(f"{served[0].url}/api/v1/jobs", {"type": "t", key: value + more})["job_id"]

    for spec in (stored(redis, served, id), stored(redis, served, lines(near, {key: value + more}))):
        assert field.of(spec) == kept


@pytest.mark.parametrize("field", ASKED, ids=lambda field: field.name)
def test_what_was_asked_for_is_shown_by_command_and_page(near: Cli, served: Any, field: Field) -> None:
    value, kept = SAMPLES[field.name]
    id = near.id("-t", "t", *options({field.name: value}))

    with urllib.request.urlopen(f"{served[0].url}/jobs/{id}") as answer:
        page = unescape(answer.read().decode())
    shown = near("inspect", id, "-o", "table").out
    text = as_text(field, kept)

    assert field.title in shown and text in shown
    for word in value.values() if field.kind is Kind.PAIRS else value if field.kind is Kind.TEXTS else [text]:
        assert word in page
