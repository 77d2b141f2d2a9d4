"""Which priority is served when: the classes by their quotas, and no priority worse than a lower one.

The law: of two waiting jobs, the one of higher or the same priority that came no later starts first, but
for the highest priority that waits in a class above the lowest: its share is that of its class. And a job
starts at the latest after as many whole turns of the ratio as there were older jobs.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

import builders
import pytest

from gopher_cli.model.job.job import class_of
from gopher_cli.worker.runner.fetch_policy import Quotas


class Line:
    """A queue whose jobs are named by their priority and number, and workers that take so many at a time."""

    def __init__(self, queue, ratio="3:2:1"):
        self.queue = queue
        self.quotas = Quotas(ratio)
        self.waiting = {}  # id -> (priority, number)
        self.number = 0

    def submit(self, priorities: Iterable[int]):
        jobs = []
        for priority in priorities:
            self.number += 1
            jobs.append(builders.job(f"{priority}-{self.number}", priority=priority))
            self.waiting[jobs[-1].id] = (priority, self.number)
        self.queue.submit(*jobs)

    def take(self, count=1) -> list[str]:
        leases = self.queue.reserve(count=count, quota=self.quotas.share(count))
        if leases:
            self.queue.settle(*(builders.settlement(lease) for lease in leases))
        return [lease.id for lease in leases]

    def take_all(self, count=1) -> list[int]:
        """The priorities in the order in which they start."""
        order = []
        while taken := self.take(count):
            order += [self.waiting[id][0] for id in taken]
        return order

    def highest(self, name: str) -> int:
        """The highest priority that waits in a class."""
        return max((p for p, _ in self.waiting.values() if class_of(p) == name), default=-1)


def where(order, priority):
    return [n for n, one in enumerate(order) if one == priority]


def check(line: Line, taken: list[str]):
    """Who was taken has overtaken nobody who may not be overtaken."""
    started = [(line.waiting.pop(id), id) for id in taken]
    exempt = {line.highest("high"), line.highest("normal")}
    for (priority, number), id in started:
        worse_off = [
            other for other, (p, n) in line.waiting.items()
            if p >= priority and n < number and p not in exempt
        ]  # fmt: skip
        assert not worse_off, f"{id} has overtaken {worse_off[:5]}"
    assert started == sorted(started, key=lambda one: (-one[0][0], one[0][1])), "the best go first"


@pytest.mark.parametrize("seed", range(12))
def test_no_job_is_overtaken_by_a_lower_priority_that_came_later(queue, seed):
    chance = random.Random(seed)
    line = Line(queue, chance.choice(["3:2:1", "1:1:1", "5:3:2", "0:0:1"]))
    levels = chance.choice([range(11), [5, 4, 3, 2], [10, 8, 7, 2, 0], [6, 5, 4], [3, 0]])
    for _ in range(25):
        line.submit(chance.choices(levels, k=chance.randrange(1, 12)))
        check(line, line.take(chance.choice([1, 1, 2, 3, 6, 10, 50])))


@pytest.mark.parametrize("priority", [0, 2, 4, 5, 7, 9])
def test_nobody_starves_while_all_others_come_faster_than_they_are_served(queue, priority):
    """Of the ratio 3:2:1 six jobs are a turn; in each one that is older starts, or it."""
    line = Line(queue)
    line.submit([n % 11 for n in range(33)])
    older = line.number
    line.submit([priority])
    mine = f"{priority}-{line.number}"
    others = [p for p in range(11) if p != priority]
    for n in range(6 * (older + 1)):
        line.submit([others[n % 10], 10])
        if mine in line.take():
            return
    raise AssertionError(f"priority {priority} has starved")


@pytest.mark.parametrize("count", [1, 7, 40])
def test_a_four_behind_fives_is_not_worse_off_than_a_three(queue, count):
    line = Line(queue)
    line.submit([5] * 300 + [4] * 10 + [3] * 10)

    order = line.take_all(count)

    assert max(where(order, 4)) <= max(where(order, 3))
    assert all(four <= three for four, three in zip(where(order, 4), where(order, 3), strict=True))
    assert max(where(order, 4)) < 310


@pytest.mark.parametrize("count", [1, 7, 40])
def test_a_seven_behind_eights_and_tens_is_not_worse_off_than_a_two(queue, count):
    line = Line(queue)
    line.submit([8] * 300 + [10] * 20 + [7] * 20 + [2] * 20)

    order = line.take_all(count)

    assert all(seven <= two for seven, two in zip(where(order, 7), where(order, 2), strict=True))
    assert max(where(order, 10)) <= 40, "the highest of a class has all of its share, and what is left over"


def test_in_a_steady_flow_of_fives_a_four_runs_no_later_than_a_two(queue):
    line = Line(queue)
    line.submit([5] * 40 + [4, 2])
    started = []
    for _ in range(20):
        line.submit([5] * 40)
        for _ in range(20):
            started += line.take()

    order = [line.waiting[id][0] for id in started]
    assert where(order, 4) and where(order, 2)
    assert where(order, 4) < where(order, 2)


@pytest.mark.parametrize("count", [1, 6, 60])
def test_where_each_class_has_one_priority_the_shares_are_as_the_ratio_says(queue, count):
    line = Line(queue)
    line.submit([8, 5, 2] * 120)

    order = []
    while len(order) < 120:
        order += [line.waiting[id][0] for id in line.take(count)]

    assert [len(where(order[:120], p)) for p in (8, 5, 2)] == [60, 40, 20]


def test_strict_is_strict(queue):
    line = Line(queue, "strict")
    priorities = [n % 11 for n in range(60)]
    line.submit(priorities)

    assert line.take_all(7) == sorted(priorities, reverse=True)


def test_what_the_quotas_leave_over_goes_to_the_best(queue):
    line = Line(queue)
    line.submit([5, 4] * 100)

    order = line.take_all()

    assert order[:60].count(4) == 10, "a sixth is for those who came first"
