"""Every example payload of the README's ancestors is accepted by the handler of its type."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import msgspec
import pytest

from gopher_cli.builtin import registry
from gopher_cli.handlers import Runs
from gopher_cli.model.errors import BadData

EXAMPLES: list[tuple[str, Any]] = [
    ("email", {"to": "user@example.com", "subject": "Hello", "body": "This is a test"}),
    ("email", {"to": "u@example.com", "subject": "W", "body": "T", "from": "noreply@example.com"}),
    (
        "email",
        {
            "to": "u@example.com",
            "subject": "Welcome!",
            "template": "welcome",
            "data": {"username": "Ann"},
        },
    ),
    ("email", "user@example.com"),
    ("report", {"report_type": "daily_summary"}),
    ("cleanup", {}),
    ("math", {"a": 1, "b": 2, "op": "add"}),
    (
        "data_process",
        {
            "source_url": "https://api.example.com/data",
            "operation": "transform",
            "filters": {"status": "active"},
            "destination": "s3://bucket/output",
        },
    ),
]


@pytest.mark.parametrize(("type", "payload"), EXAMPLES)
def test_an_example_payload_fits_its_handler(type: str, payload: Any) -> None:
    handler = registry.handlers[type]

    assert handler.decode(msgspec.Raw(msgspec.json.encode(payload))) is not None


@pytest.mark.parametrize("type", list(registry))
def test_every_field_of_a_payload_is_described_in_its_schema(type: str) -> None:
    parts = msgspec.json.decode(registry.handlers[type].schema)["$defs"]

    for part in parts.values():
        assert part["description"]
        for name, facts in part["properties"].items():
            assert facts.get("description"), f"{type}.{name}"


def test_the_registry_holds_the_eight_types_and_where_each_runs() -> None:
    places = {name: registry.handlers[name].runs for name in registry}

    assert places == {
        "cleanup": Runs.THREAD,
        "data_export": Runs.THREAD,
        "data_process": Runs.THREAD,
        "email": Runs.THREAD,
        "image_processing": Runs.PROCESS,
        "math": Runs.LOOP,
        "report": Runs.LOOP,
        "webhook": Runs.THREAD,
    }


@pytest.mark.parametrize(
    ("type", "text"),
    [("email", b"{}"), ("email", b"7"), ("cleanup", b'{"dryrun":true}'), ("webhook", b"{}")],
)
def test_a_payload_that_does_not_fit_is_bad_data(type: str, text: bytes) -> None:
    with pytest.raises(BadData, match=type):
        registry.handlers[type].decode(msgspec.Raw(text))


def test_loading_the_handlers_loads_nothing_that_only_one_of_them_needs() -> None:
    heavy = "{'PIL', 'smtplib', 'http.client', 'email.message'}"
    program = f"import sys, gopher_cli.builtin; print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("[]\n", "")
