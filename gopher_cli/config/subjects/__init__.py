"""The settings, by subject: names, kinds, defaults, units and reasons. Everything else is made from them.

Each setting answers to GOPHER_<NAME> and to the variables that stand beside its kind. Durations are in
seconds. No subject is ever made by itself: what making one would take is left out, it would cost each start.
"""

from __future__ import annotations

from dataclasses import dataclass

from gopher_cli.config.subjects.access import Access
from gopher_cli.config.subjects.handlers import Handlers
from gopher_cli.config.subjects.jobs import Jobs
from gopher_cli.config.subjects.redis import Redis
from gopher_cli.config.subjects.server import Server
from gopher_cli.config.subjects.surroundings import Surroundings
from gopher_cli.config.subjects.worker import Worker


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Subjects(Surroundings, Handlers, Access, Server, Worker, Jobs, Redis):
    """All that can be chosen from outside. The first in a list is the last one here, and so on."""
