"""What charts are drawn from: how the last minutes or hours went, step by step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gopher_cli.model.numbers.histogram import MINUTES, Cell, percentile, placed

DEPTHS = ("enqueued", "scheduled", "retrying", "blocked", "processing", "failed")
# (up to so many minutes, seconds of a step): as fine as the cells that are kept for so long.
_STEPS = ((60, 60), (360, 300), (1440, 3600))
LONGEST = _STEPS[-1][0]
_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

Percentiles = dict[str, list[float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Each list has a value for each of ``times`` (epoch s, when a step begins); the last step still runs.

    Before ``complete_until`` (epoch s) nothing will change any more. Counts are of attempts; percentiles in
    seconds, None where nothing ended. ``depth`` and ``oldest_age`` are as last seen in a step, None where
    nobody has looked: they are noted once a minute, while a worker or a server runs.
    """

    step_seconds: int
    times: list[int]
    complete_until: int
    completed: list[int]
    retried: list[int]
    failed: list[int]
    run: Percentiles
    wait: Percentiles
    depth: dict[str, list[int | None]]
    oldest_age: list[float | None]


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a history that ends now."""

    seconds: int
    times: list[int]

    @classmethod
    def of(cls, minutes: int, now_ms: int) -> Steps:
        seconds = next(step for most, step in _STEPS if minutes <= most)
        count = -(-minutes * 60 // seconds)
        last = now_ms // 1000 // seconds * seconds
        return cls(seconds, [last - seconds * back for back in range(count - 1, -1, -1)])

    @property
    def minutes(self) -> list[int]:
        """Every minute of them, as minutes since the epoch."""
        return list(range(self.times[0] // 60, (self.times[-1] + self.seconds) // 60))

    def index(self, at: int) -> int | None:
        """Which step this second lies in; None outside."""
        index = (at - self.times[0]) // self.seconds
        return index if 0 <= index < len(self.times) else None


def cells_by_step(all_cells: Iterable[Mapping[str, bytes]], steps: Steps, type: str) -> list[Cell]:
    """What ended in each step, of one type or (empty) of all."""
    found = [Cell() for _ in steps.times]
    for cells in all_cells:
        for name, text in cells.items():
            unit, at, of = placed(name)
            size = MINUTES.get(unit, LONGEST) * 60
            index = steps.index(at * size) if size <= steps.seconds and type in ("", of) else None
            if index is not None:
                found[index].add(Cell.read(text))
    return found


def last_by_step(noted: Mapping[int, Sequence[int]], steps: Steps) -> dict[int, Sequence[int]]:
    """By step, the last note in it; notes are by minute since the epoch."""
    last: dict[int, Sequence[int]] = {}
    for minute in sorted(noted):
        index = steps.index(minute * 60)
        if index is not None:
            last[index] = noted[minute]
    return last


def history_of(steps: Steps, cells: Sequence[Cell], notes: Iterable[Mapping[int, Sequence[int]]]) -> History:
    """``notes``: for each queue, by minute, the sizes in the order of DEPTHS and the oldest's age in ms."""
    sums: dict[int, list[int]] = defaultdict(lambda: [0] * len(DEPTHS))
    ages: dict[int, float] = {}
    for noted in notes:
        for index, note in last_by_step(noted, steps).items():
            sums[index] = [a + b for a, b in zip(sums[index], note, strict=False)]
            ages[index] = max(ages.get(index, 0.0), note[len(DEPTHS)] / 1000)
    every = range(len(steps.times))
    return History(
        step_seconds=steps.seconds,
        times=steps.times,
        complete_until=steps.times[-1],
        completed=[cell.completed for cell in cells],
        retried=[cell.retried for cell in cells],
        failed=[cell.failed for cell in cells],
        run=_percentiles([cell.run for cell in cells]),
        wait=_percentiles([cell.wait for cell in cells]),
        depth={state: [sums[i][n] if i in ages else None for i in every] for n, state in enumerate(DEPTHS)},
        oldest_age=[ages.get(i) for i in every],
    )


def _percentiles(histograms: Sequence[list[int]]) -> Percentiles:
    return {
        name: [percentile(histogram, share) for histogram in histograms] for name, share in _SHARES.items()
    }
