"""Which of the jobs that a fetch brings may wait for a seat here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gopher_cli.model.job import JobState, Lease
from gopher_cli.model.outcome import HANDED_BACK, Transition
from gopher_cli.store.calls import Settlement

Held = tuple[str, str]  # a job's id, and the token of its lease
NOT_NOW = Transition(JobState.SCHEDULED, 5.0, spent=False)


class Admission:
    """``gone`` went to others before its answer was read. ``barred`` are ids whose last run does not end:
    they wait, unspent, for they must not run beside it.
    """

    def __init__(self, settle: Callable[[Settlement], None]) -> None:
        self.quiet = False  # nothing new may wait here
        self.gone: frozenset[Held] = frozenset()
        self.barred: frozenset[str] = frozenset()
        self._settle = settle

    def admit(self, leases: list[Lease]) -> list[Lease]:
        if self.gone:
            leases = [lease for lease in leases if (lease.id, lease.token) not in self.gone]
        if self.quiet:
            for lease in leases:
                self._settle(Settlement(lease, HANDED_BACK))
            return []
        return self._without_the_barred(leases) if self.barred else leases

    def _without_the_barred(self, leases: Iterable[Lease]) -> list[Lease]:
        admitted = []
        for lease in leases:
            if lease.id in self.barred:
                self._settle(Settlement(lease, NOT_NOW))
            else:
                admitted.append(lease)
        return admitted
