"""The names of schedules that nobody has named."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gopher_cli.model.job.job import Spec
from gopher_cli.model.schedule.recurrence import Recurrence
from gopher_cli.model.schedule.schedule import check_schedule_name, default_name


def name(
    type: str = "report", payload: bytes = b'{"a": 1}', queue: str = "mail", every: int = 60, **more: Any
) -> str:
    spec = Spec(type, msgspec.Raw(payload))
    return default_name(spec, queue, Recurrence(every=every, **more))


def test_the_same_work_at_the_same_times_has_the_same_name() -> None:
    assert name() == name() == name(payload=b' {"a":1}\n')
    assert name() == "report-a6dc44fb"  # also in years: a deploy must not make a second schedule


@pytest.mark.parametrize(
    "other", [{"type": "mail"}, {"payload": b'{"a": 2}'}, {"queue": "x"}, {"every": 61}, {"offset": 1}]
)
def test_another_work_or_time_has_another_name(other: dict[str, Any]) -> None:
    assert name(**other)[-8:] != name()[-8:]


@pytest.mark.parametrize("type", ["a:b", "x" * 128, "...", "-"])
def test_whatever_the_type_is_the_name_is_one(type: str) -> None:
    assert check_schedule_name(name(type)) == name(type)
