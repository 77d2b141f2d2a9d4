"""Which of the jobs that a fetch brings may wait for a slot here."""

from __future__ import annotations

from collections.abc import Iterable

from gopher_cli.model.job.job import Lease
from gopher_cli.model.job.outcome import Interrupted, Snoozed
from gopher_cli.worker.execution.settlement import End
from gopher_cli.worker.messages import Held

_NOT_NOW = Snoozed(5.0, begun=False)


class Admission:
    """``gone`` went to others before its answer was read. ``barred`` are ids whose last run does not end:
    they wait, unspent, for they must not run beside it.
    """

    def __init__(self, end: End) -> None:
        self.quiet = False  # nothing new may wait here
        self.gone: frozenset[Held] = frozenset()
        self.barred: frozenset[str] = frozenset()
        self._end = end

    def admit(self, leases: list[Lease]) -> list[Lease]:
        if self.gone:
            leases = [lease for lease in leases if (lease.id, lease.token) not in self.gone]
        if self.quiet:
            for lease in leases:
                self._end(lease, Interrupted(), b"")
            return []
        return self._without_the_barred(leases) if self.barred else leases

    def _without_the_barred(self, leases: Iterable[Lease]) -> list[Lease]:
        admitted = []
        for lease in leases:
            if lease.id in self.barred:
                self._end(lease, _NOT_NOW, b"")
            else:
                admitted.append(lease)
        return admitted
