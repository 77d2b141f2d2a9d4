"""The checks of jobs that belong together, and of upper bounds: each finds its violation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from history import History, Move, Op, Run
from history.bonds import BONDS
from history.bounds import Bounds, exceeded, percentiles, waits
from history.checker import check

S = 1_000_000_000


class Tale:
    """Moves and runs in their order, a second apart."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.moves: list[Move] = []
        self.runs: list[Run] = []
        self._stand: dict[str, tuple[str, str]] = {}

    @property
    def now(self) -> int:
        return 1000 * S + len(self.moves) * S

    def ask(self, kind: str, id: str, answer: str = "accepted", **more: object) -> None:
        self.ops.append(Op(kind, "ann", self.now, self.now + 1, id, answer, **more))

    def move(self, id: str, state: str, token: str | None = None) -> None:
        was, before = self._stand.get(id, ("gone", ""))
        token = before if token is None else token
        n, stamp = len(self.moves), self.now if state == "processing" else 0
        self.moves.append(Move(n, n, id, "default", was, state, before, token, stamp))
        self._stand[id] = (state, token)

    def run(self, id: str, token: str, said: str = "completed") -> None:
        self.move(id, "processing", token)
        self.runs.append(Run(id, token, self.now, self.now + 1 if said else 1 << 62, said))

    def complete(self, id: str, token: str) -> None:
        self.run(id, token)
        self.move(id, "completed", f"!{token}")

    def lose(self, id: str, token: str, state: str = "enqueued", *, begun: bool = True) -> None:
        if begun:
            self.run(id, token, "")
        else:
            self.move(id, "processing", token)
        self.move(id, state, f"?{token}")

    def history(self) -> History:
        final = {id: state for id, (state, _) in self._stand.items() if state != "gone"}
        results = {
            id: token.lstrip("!") for id, (state, token) in self._stand.items() if state == "completed"
        }
        return History(self.ops, self.runs, self.moves, final, results)


def family() -> Tale:
    """A parent, and two follow-ups of which the second comes after the first."""
    tale = Tale()
    tale.ask("submit", "p")
    tale.move("p", "enqueued", "")
    tale.ask("follow", "a", "", by="w:1", detail="p")
    tale.ask("follow", "b", "", by="w:1", detail="p", after=("a",))
    tale.complete("p", "w:1")
    tale.move("a", "enqueued", "")
    tale.move("b", "blocked", "")
    tale.complete("a", "w:2")
    tale.move("b", "enqueued")
    tale.complete("b", "w:3")
    return tale


def keyed() -> Tale:
    """One after the other with the same key; and one in between that was refused."""
    tale = Tale()
    for number in (1, 2):
        tale.ask("submit", f"k{number}", lock="k")
        tale.move(f"k{number}", "enqueued", "")
        tale.ask("submit", f"r{number}", "locked", lock="k")
        tale.complete(f"k{number}", f"w:{number}")
    return tale


def poison() -> Tale:
    """Lost before it began, and then three times in the middle of it."""
    tale = Tale()
    tale.ask("submit", "x")
    tale.move("x", "enqueued", "")
    tale.lose("x", "w:0", begun=False)
    for number in (1, 2):
        tale.lose("x", f"w:{number}")
    tale.lose("x", "w:3", "failed")
    return tale


@pytest.mark.parametrize("tale", [family, keyed, poison])
def test_a_right_story_passes(tale: Callable[[], Tale]) -> None:
    verdict = check(tale().history())

    assert not verdict.broken, str(verdict)


def a_child_is_forgotten_and_comes_again() -> Tale:
    tale = family()
    tale.move("a", "gone", "")
    tale.move("a", "enqueued", "")
    return tale


def a_child_never_comes() -> Tale:
    tale = family()
    tale.ask("follow", "c", "", by="w:1", detail="p")
    return tale


def a_child_of_nobody_comes() -> Tale:
    tale = family()
    tale.ask("follow", "c", "", by="w:lost", detail="p")
    tale.move("c", "enqueued", "")
    return tale


def the_second_is_served_first() -> Tale:
    tale = Tale()
    tale.ask("submit", "a")
    tale.ask("submit", "b", after=("a",))
    tale.move("a", "enqueued", "")
    tale.move("b", "enqueued", "")
    tale.complete("b", "w:1")
    tale.complete("a", "w:2")
    return tale


def a_key_is_given_twice() -> Tale:
    tale = Tale()
    for id in ("k1", "k2"):
        tale.ask("submit", id, lock="k")
        tale.move(id, "enqueued", "")
    return tale


def an_innocent_is_called_poison() -> Tale:
    """It waited leased while others died: of three losses two had begun."""
    tale = Tale()
    tale.ask("submit", "x")
    tale.move("x", "enqueued", "")
    tale.lose("x", "w:1")
    tale.lose("x", "w:2")
    tale.lose("x", "w:3", "failed", begun=False)
    return tale


def losses_are_for_life() -> Tale:
    """Two, then an end of its own, then one more."""
    tale = Tale()
    tale.ask("submit", "x")
    tale.move("x", "enqueued", "")
    tale.lose("x", "w:1")
    tale.lose("x", "w:2")
    tale.run("x", "w:3", "raised")
    tale.move("x", "retrying", "!w:3")
    tale.move("x", "enqueued")
    tale.lose("x", "w:4", "failed")
    return tale


WRONG = {
    a_child_is_forgotten_and_comes_again: "a_follow_up_comes_once",
    a_child_never_comes: "a_follow_up_comes_with_the_end_of_its_parent",
    a_child_of_nobody_comes: "a_follow_up_comes_with_the_end_of_its_parent",
    the_second_is_served_first: "none_starts_before_those_it_comes_after",
    a_key_is_given_twice: "two_with_one_key_do_not_live_at_a_time",
    an_innocent_is_called_poison: "only_what_had_begun_is_poison",
    losses_are_for_life: "only_what_had_begun_is_poison",
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_what_is_wrong_is_found(wrong: Callable[[], Tale]) -> None:
    assert WRONG[wrong] in check(wrong().history()).broken


def test_each_of_them_has_its_violation() -> None:
    assert {one.__name__ for one in BONDS} == set(WRONG.values())


def test_what_comes_too_late_or_never_is_told() -> None:
    """The first lease after its submit, the next after a loss, and what is due."""
    tale = poison()
    tale.ask("submit", "d", due=tale.now)
    tale.move("d", "scheduled", "")
    tale.move("d", "enqueued")
    tale.complete("d", "w:9")
    history = tale.history()

    assert {kind: len(some) for kind, some in waits(history).items()} == {
        "start normal": 1, "late": 1, "again 1": 1, "again 2": 1, "again 3": 1,
    }  # fmt: skip
    assert not list(exceeded(history, Bounds(start=60, late=60, again=60)))
    assert len(list(exceeded(history, Bounds(start=0.5)))) == 1
    assert len(list(exceeded(history, Bounds(late=0.5)))) == 1
    assert len(list(exceeded(history, Bounds(again=0.5)))) == 3
    assert "late: p50" in percentiles(history)

    waiting = replace(history, final={**history.final, "d": "enqueued"})
    assert len(list(exceeded(waiting, Bounds(start=60)))) == 1
