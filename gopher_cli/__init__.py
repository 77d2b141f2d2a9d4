"""gopher: a job queue and operations toolkit for the command line, on Redis or Valkey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gopher_cli.version import __version__

_WHERE = {
    "Gopher": "gopher_cli.gopher",
    "Producer": "gopher_cli.producer",
    "Registry": "gopher_cli.handlers",
    "Context": "gopher_cli.context",
    "Job": "gopher_cli.model.job.job",
    "JobState": "gopher_cli.model.job.job",
    "Retry": "gopher_cli.model.job.signals",
    "Discard": "gopher_cli.model.job.signals",
    "Snooze": "gopher_cli.model.job.signals",
    "GopherError": "gopher_cli.model.errors",
}
__all__ = [
    "Context",
    "Discard",
    "Gopher",
    "GopherError",
    "Job",
    "JobState",
    "Producer",
    "Registry",
    "Retry",
    "Snooze",
    "__version__",
]

if TYPE_CHECKING:
    from gopher_cli.context import Context
    from gopher_cli.gopher import Gopher
    from gopher_cli.handlers import Registry
    from gopher_cli.model.errors import GopherError
    from gopher_cli.model.job.job import Job, JobState
    from gopher_cli.model.job.signals import Discard, Retry, Snooze
    from gopher_cli.producer import Producer


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that `gopher --help` and completion stay instant.
    if name not in _WHERE:
        raise AttributeError(f"module 'gopher_cli' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)
