"""Which queue and which class next, and how much: pure, and fair without dice."""

from __future__ import annotations

from collections.abc import Sequence


class Rotation:
    """Smooth weighted round robin: of 3:2:1 the picks are a b a c b a, and so on."""

    def __init__(self, weights: Sequence[int]) -> None:
        self._weights = list(weights)
        self._credit = [0] * len(weights)

    def pick(self) -> int:
        self._credit = [have + gain for have, gain in zip(self._credit, self._weights, strict=True)]
        best = max(range(len(self._credit)), key=self._credit.__getitem__)
        self._credit[best] -= sum(self._weights)
        return best

    def order(self) -> list[int]:
        """All indexes, the picked one first, then by weight."""
        first = self.pick()
        rest = sorted((i for i in range(len(self._weights)) if i != first), key=lambda i: -self._weights[i])
        return [first, *rest]


class Quotas:
    """How many of each class (high, normal, low) a fetch takes first, by ratio over time."""

    def __init__(self, ratio: str) -> None:
        self._strict = ratio == "strict"
        self._weights = [0, 0, 0] if self._strict else [int(part) for part in ratio.split(":")]
        self._rotation = Rotation(self._weights)

    def share(self, count: int) -> tuple[int, int, int]:
        """Quotas that sum to ``count``, or zeros: then the higher class is emptied first."""
        whole = sum(self._weights)
        if self._strict or not whole:
            return 0, 0, 0
        quota = [count * weight // whole for weight in self._weights]
        for _ in range(count - sum(quota)):
            quota[self._rotation.pick()] += 1
        return quota[0], quota[1], quota[2]


class Prefetch:
    """How many jobs to hold beyond the free slots: about 50 ms of work, none when jobs are long."""

    WORTH = 0.05
    MOST = 500

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._mean = 1.0  # unknown yet: as if long

    def learn(self, seconds: float) -> None:
        """A job took so long; the newest tenth counts."""
        self._mean += (seconds - self._mean) * (0.1 if seconds < self._mean else 0.5)

    def distrust(self) -> None:
        """What was held had to wait too long: fetch no more ahead until jobs are short again."""
        self._mean = max(self._mean, 1.0)

    @property
    def size(self) -> int:
        if self._mean > self.WORTH / 2:
            return 0
        return min(self.MOST, int(self._concurrency * self.WORTH / max(self._mean, 1e-6)))
