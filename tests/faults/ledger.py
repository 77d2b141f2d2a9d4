"""The workload's ledger: what clients were promised and what handlers did, a line each, in one file.

Every line is one write to a file that is open for appending, so lines of many processes never mix::

    ACCEPTED id                    a client was told that this job is stored
    START    id token pid mono     a run of it begins; mono is seconds by the clock of the machine
    STILL    id token pid mono     it is alive (a long run says so twenty times a second)
    END      id token pid mono     it came to its end, well or not: nobody stopped it
    STOPPED  id token pid mono     it was asked to stop, and did
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

PLACE = "GOPHER_TEST_LEDGER"


@dataclass
class Run:
    """One run of a handler. ``last``: its newest sign of life; ``how``: END, STOPPED, or "" for neither."""

    id: str
    token: str
    pid: int
    started: float
    last: float
    how: str = ""

    def overlaps(self, other: Run) -> bool:
        return self.started < other.last and other.started < self.last


class Ledger:
    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    # Writing

    def write(self, *words: object) -> None:
        line = " ".join(map(str, words)) + "\n"
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    def accept(self, *ids: str) -> None:
        """A client was told that these are stored."""
        if ids:
            self.write("\n".join(f"ACCEPTED {id}" for id in ids))

    @contextmanager
    def run(self, id: str, token: str) -> Iterator[_Diary]:
        """One run, as its handler tells it."""
        diary = _Diary(self, id, token)
        diary.say("START")
        try:
            yield diary
        except Exception:
            diary.say("END")
            raise
        except BaseException:  # cancelled, or shut down
            diary.say("STOPPED")
            raise
        diary.say("END")

    # Reading

    def lines(self) -> list[list[str]]:
        if not self.path.exists():
            return []
        return [line.split(" ") for line in self.path.read_text().split("\n")[:-1]]

    def accepted(self) -> list[str]:
        return list(dict.fromkeys(words[1] for words in self.lines() if words[0] == "ACCEPTED"))

    def starts(self, id: str = "") -> list[Run]:
        """The runs of a job (of all jobs) in the order in which they began."""
        runs: dict[tuple[str, str, str], Run] = {}
        for kind, *rest in self.lines():
            if kind == "ACCEPTED" or (id and rest[0] != id):
                continue
            job, token, pid, mono = rest
            if kind == "START":
                runs[job, token, pid] = Run(job, token, int(pid), float(mono), float(mono))
            elif run := runs.get((job, token, pid)):
                run.last = float(mono)
                run.how = "" if kind == "STILL" else kind
        return list(runs.values())

    runs = starts

    def ends(self, id: str = "") -> list[Run]:
        """The runs that came to their own end."""
        return [run for run in self.starts(id) if run.how == "END"]

    def open(self, id: str = "") -> list[Run]:
        """The runs that have neither ended nor stopped: they run, or were killed."""
        return [run for run in self.starts(id) if not run.how]

    def times(self) -> Counter[str]:
        """How often each job has begun to run."""
        return Counter(run.id for run in self.starts())

    def overlaps(self, ids: Iterable[str] = ()) -> list[tuple[Run, Run]]:
        """Two runs of one job at one time, as far as their signs of life tell."""
        apart: dict[str, list[Run]] = {}
        wanted = set(ids)
        for run in self.starts():
            if not wanted or run.id in wanted:
                apart.setdefault(run.id, []).append(run)
        return [
            (one, two) for runs in apart.values() for one, two in combinations(runs, 2) if one.overlaps(two)
        ]


class _Diary:
    def __init__(self, ledger: Ledger, id: str, token: str) -> None:
        self._ledger, self._id, self._token = ledger, id, token

    def say(self, kind: str) -> None:
        self._ledger.write(kind, self._id, self._token, os.getpid(), f"{time.monotonic():.6f}")

    def still(self) -> None:
        self.say("STILL")


def here() -> Ledger:
    """The ledger of this process, by its environment."""
    return Ledger(os.environ[PLACE])
