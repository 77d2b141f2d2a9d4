"""The time zone in which cron has read a crontab."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gopher_cli.cli.shell.console import Console

_UTC = ("Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu")


def zone_of_crontabs(console: Console) -> str:
    """The setting SCHEDULE_TIMEZONE, where somebody has set it; else that of this machine, as cron has it."""
    settings = console.settings()
    if "schedule_timezone" in settings.origins:
        return settings.schedule_timezone
    return machine_zone() or settings.schedule_timezone


def machine_zone() -> str:
    """Its name, such as Europe/Berlin; empty where nothing says it."""
    from gopher_cli.model.schedule.zone import parse_zone

    for name in _names():
        with suppress(ValueError):
            return "UTC" if name in _UTC else parse_zone(name).key
    return ""


def _names() -> Iterator[str]:
    yield os.environ.get("TZ", "").removeprefix(":") or "-"
    with suppress(OSError):
        yield Path("/etc/timezone").read_text(encoding="utf-8").strip() or "-"
    with suppress(OSError):
        yield str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2] or "-"
