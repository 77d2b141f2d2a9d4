"""When a schedule runs, and by which policies, as a form says it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any

import msgspec

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Usage
from gopher_cli.model.schedule.recurrence import BadSchedule, Recurrence
from gopher_cli.model.schedule.schedule import Schedule
from gopher_cli.model.schedule.zone import parse_zone
from gopher_cli.model.text.duration import parse_duration, parse_when
from gopher_cli.model.text.local_time import parse_local
from gopher_cli.web.dashboard.forms.form_body import Form
from gopher_cli.web.dashboard.forms.form_values import Faults
from gopher_cli.web.dashboard.views.resubmit import moment_of, span_of

SHOWN = 5
_WHEN = ("cron", "tz", "every", "offset", "from", "until", "times", "jitter")
_ANY = "any"


def recurring_of(form: Form, default_zone: str) -> tuple[dict[str, Any], Faults]:
    """What was asked for, as `make_schedule` takes it, and what cannot be read by the name of the input.

    Moments without a zone are by the clocks of the schedule.
    """
    given: dict[str, Any] = {}
    faults: Faults = {}
    is_cron = form.one("kind") == "cron"
    place = clocks_of((form.one("tz") or default_zone) if is_cron else "")
    for name, (option, read) in _READ.items():
        if name in (("every", "offset") if is_cron else ("cron", "tz")) or not (text := form.one(name)):
            continue
        try:
            given[option] = parse_local(text, place) if name in ("from", "until") else read(text)
        except ValueError as error:
            faults[name] = f"{name}: {error}"
    return given, faults


def clocks_of(zone: str) -> tzinfo:
    """UTC for none, and for one that is not known here."""
    try:
        return parse_zone(zone) if zone else UTC
    except ValueError:
        return UTC


def recurring_like(schedule: Schedule) -> dict[str, str]:
    """The same of a schedule, as one would write it."""
    when = schedule.when
    return {
        "kind": "cron" if when.cron else "every", "cron": when.cron, "tz": when.tz,
        "every": span_of(when.every), "offset": span_of(when.offset),
        "from": moment_of(when.start), "until": moment_of(when.until),
        "times": str(when.times or ""), "jitter": span_of(when.jitter),
        "overlap": schedule.overlap, "catchup": schedule.catchup, "within": span_of(schedule.within),
        "pause_after": str(schedule.pause_after or ""),
    }  # fmt: skip


def when_of(gopher: Gopher, name: str, queue: str, form: Form) -> tuple[Schedule | None, Faults]:
    """Only when it runs: a schedule of anything then; None, and why, where that makes no sense."""
    given, faults = recurring_of(form, gopher.defaults.timezone)
    if wrong := {input: fault for input, fault in faults.items() if input in _WHEN}:
        return None, wrong
    options = {option: given[option] for input in _WHEN if (option := _READ[input][0]) in given}
    try:
        return gopher.make_schedule(name or _ANY, _ANY, queue=queue or None, **options), {}
    except BadSchedule as error:
        return None, {error.field: str(error)}
    except Usage:  # of its name, or its queue
        return (None, {}) if name == _ANY else when_of(gopher, _ANY, "", form)


def mark_of(when: Recurrence) -> str:
    """The same for what runs at the same instants."""
    return hashlib.sha256(msgspec.json.encode(when)).hexdigest()[:16]


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 10:
        raise ValueError(f"a whole number is wanted, not {text[:40]!r}")
    return int(text)


_READ: dict[str, tuple[str, Callable[[str], Any]]] = {
    "cron": ("cron", str),
    "tz": ("tz", str),
    "every": ("every", parse_duration),
    "offset": ("offset", parse_duration),
    "from": ("start", parse_when),
    "until": ("until", parse_when),
    "times": ("times", _number),
    "jitter": ("jitter", parse_duration),
    "overlap": ("overlap", str),
    "catchup": ("catchup", str),
    "within": ("within", parse_duration),
    "pause_after": ("pause_after", _number),
}
