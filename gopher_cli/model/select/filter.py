"""Filter: which jobs are meant. Lists, searches and every bulk verb take the same one."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from gopher_cli.model.errors import Usage
from gopher_cli.model.hints import LIST_GROUPS

_GROUP = re.compile(r"[0-9a-f]{12}")


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs are meant; empty means all. ``older_than`` in seconds, ``error`` a regular expression.

    ``group`` is one of `failure_groups`: dead jobs, unless states are named. ``id_part`` stands somewhere in
    the id. Each of ``payload`` is (path, value): ``("user.id", "42")``. Each of ``text`` must be found in
    what is known of the job: its id, type, tags, payload or last error, in whatever case. ``poison`` is yes
    for those whose workers died of them, and no for all others.
    """

    states: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    type: str = ""
    tag: str = ""
    error: str = ""
    older_than: float = 0.0
    group: str = ""
    id_part: str = ""
    payload: tuple[tuple[str, str], ...] = ()
    text: tuple[str, ...] = ()
    poison: str = ""

    def states_of(self, some: Sequence[str]) -> tuple[str, ...]:
        """The states that are meant: those that it names, else ``some``; of a group only the dead.

        Others with such an error are meant where their state is named.
        """
        return self.states or tuple(state for state in some if not self.group or state == "failed")

    @property
    def by_content(self) -> bool:
        """Whether jobs must be looked at to know; else their place tells."""
        return bool(self.looks_inside or self.id_part or self.older_than)

    @property
    def looks_inside(self) -> bool:
        """Whether what a job says must be read to know; else its place, its id and its times tell."""
        simple = self.type or self.tag or self.error or self.group
        return bool(simple or self.payload or self.text or self.poison)


def check_group(group: str) -> None:
    """Raises Usage for what no group can be called: it would choose no job, as if all were well."""
    if group and not _GROUP.fullmatch(group):
        raise Usage(f"no group {group[:64]!r}", LIST_GROUPS)
