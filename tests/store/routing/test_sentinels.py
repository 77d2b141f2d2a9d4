"""Which server is the master, as sentinels tell it that are down, behind, or know better: on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.routing.sentinels import Sentinels
from gopher_cli.store.url import parse_url
from store.scripted import MASTER, REPLICA, Paper, named, places


def watched(*hosts: str, clock: Callable[[], float] = lambda: 0.0) -> Sentinels:
    return Sentinels(parse_url(f"redis+sentinel://{','.join(hosts or ('s:1',))}/main"), clock)


NAMED = named("m:6379")
UNKNOWN = [None, Refusal("ERR No such master with that name")]


def test_the_master_is_asked_for_once_and_believed_when_it_says_so_itself() -> None:
    paper, way = Paper(s_1=[NAMED], m_6379=[MASTER]), watched()

    assert places(paper.run(way.locate(["a", "b"]))) == ["m:6379"] * 2
    assert places(paper.run(way.locate(["c"]))) == ["m:6379"]
    assert [place for place, _ in paper.heard] == ["s:1", "m:6379"]


def test_after_a_loss_and_after_a_refusal_of_a_replica_the_master_is_asked_for_again() -> None:
    paper, way = Paper(s_1=[NAMED], m_6379=[MASTER]), watched()
    for forget in (way.lost, lambda: way.heed(Refusal("READONLY You can't write"))):
        paper.run(way.locate(["a"]))
        forget()
    paper.run(way.locate(["a"]))

    assert paper.asked("ROLE") == ["m:6379"] * 3


def test_sentinels_that_are_down_or_hang_are_passed_over_and_asked_last_from_then_on() -> None:
    paper, way = (
        Paper(s_2=[TimeoutError("it hangs")], s_3=[NAMED], m_6379=[MASTER]),
        watched("s:1", "s:2", "s:3"),
    )

    paper.run(way.locate(["a"]))
    way.lost()
    paper.run(way.locate(["a"]))

    assert [place for place, _ in paper.heard] == ["s:1", "s:2", "s:3", "m:6379", "s:3", "m:6379"]


def test_a_sentinel_that_is_behind_names_a_replica_and_another_is_asked() -> None:
    paper = Paper(s_1=[named("old:6379")], s_2=[NAMED], old_6379=[REPLICA], m_6379=[MASTER])

    assert places(paper.run(watched("s:1", "s:2").locate(["a"]))) == ["m:6379"]


def test_a_master_that_may_not_tell_its_role_is_believed() -> None:
    paper = Paper(s_1=[NAMED], m_6379=[[Refusal("NOPERM no permissions to run the 'role' command")]])

    assert places(paper.run(watched().locate(["a"]))) == ["m:6379"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"s_2": [UNKNOWN]}, "NOMASTER main"),  # one is down, the other knows no such master
        ({"s_1": [UNKNOWN], "s_2": [OSError("down")]}, "NOMASTER main"),
        ({"s_1": [NAMED], "s_2": [UNKNOWN], "m_6379": [ConnectionError("it is down")]}, "it is down"),
        ({"s_1": [NAMED], "m_6379": [REPLICA]}, "READONLY"),
        ({"s_1": [TimeoutError("hangs")], "s_2": [TimeoutError("hangs")]}, "hangs"),
        ({"s_1": [[Refusal("NOAUTH Authentication required")] * 2]}, "NOAUTH"),
        ({}, "s:2 refused"),
    ],
)  # fmt: skip
def test_the_error_says_what_matters_most(said: dict[str, Any], why: str) -> None:
    with pytest.raises((OSError, Refusal), match=why):
        Paper(**said).run(watched("s:1", "s:2").locate(["a"]))


@pytest.mark.parametrize("code", ["READONLY", "MASTERDOWN", "LOADING", "UNBLOCKED"])
def test_what_passes_with_a_fail_over_is_tried_again(code: str) -> None:
    assert watched().heed(
        Refusal(f"ERR Error running script (call to f_0123): @user_script:7: -{code} and so on")
    )
    assert watched().heed(Refusal(f"{code} and so on"))
    assert not watched().heed(Refusal("ERR something else"))


# Elections


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_master_that_was_replaced_is_left_within_a_second_even_if_it_still_answers() -> None:
    clock, paper = Clock(), Paper(s_1=[NAMED, NAMED, named("new:1", 2)], m_6379=[MASTER], new_1=[MASTER])
    way, found = watched(clock=clock), []
    for clock.now in (0.0, 0.9, 1.0, 1.9, 2.0, 2.9):
        found += places(paper.run(way.locate(["a"])))

    assert found == ["m:6379"] * 4 + ["new:1"] * 2
    assert paper.asked("ROLE") == ["m:6379", "new:1"]


def test_while_the_sentinels_are_away_the_master_that_is_known_serves() -> None:
    clock, paper = (
        Clock(),
        Paper(s_1=[NAMED, ConnectionError("away")], s_2=[TimeoutError("hangs")], m_6379=[MASTER]),
    )
    way = watched("s:1", "s:2", clock=clock)
    for clock.now in (0.0, 1.0, 2.0, 3.0):
        assert places(paper.run(way.locate(["a"]))) == ["m:6379"]

    assert [place for place, _ in paper.heard] == ["s:1", "m:6379", "s:1", "s:2", "s:1"]  # one each time


def test_a_sentinel_that_missed_the_election_does_not_bring_the_old_master_back() -> None:
    clock, late = Clock(), named("old:1", 1)
    paper = Paper(s_1=[named("m:6379", 2), late], s_2=[late], m_6379=[MASTER], old_1=[MASTER])
    way = watched("s:1", "s:2", clock=clock)
    paper.run(way.locate(["a"]))
    clock.now = 1.0
    assert places(paper.run(way.locate(["a"]))) == ["m:6379"]

    way.lost()
    paper.says["s:2"] = []  # one cannot be heard: it may know
    with pytest.raises(ConnectionError, match="s:2 refused"):
        paper.run(way.locate(["a"]))


def test_sentinels_that_were_all_set_up_anew_are_believed() -> None:
    paper = Paper(
        s_1=[named("m:6379", 7), named("new:1", 0)], s_2=[named("new:1", 0)], m_6379=[MASTER], new_1=[MASTER]
    )
    way = watched("s:1", "s:2")
    paper.run(way.locate(["a"]))
    way.lost()

    assert places(paper.run(way.locate(["a"]))) == ["new:1"]


def test_most_sentinels_set_up_anew_are_believed_when_they_say_so_for_a_while() -> None:
    anew = named("new:1", 0)
    paper = Paper(s_1=[named("m:6379", 7), anew], s_2=[anew], m_6379=[MASTER], new_1=[MASTER])
    clock = Clock()
    way = watched("s:1", "s:2", "s:3", clock=clock)  # the third was retired
    paper.run(way.locate(["a"]))
    way.lost()

    for clock.now in (10.0, 14.9):  # they may only be behind
        with pytest.raises(ConnectionError, match="s:3 refused"):
            paper.run(way.locate(["a"]))
    clock.now = 15.0
    assert places(paper.run(way.locate(["a"]))) == ["new:1"]


def test_a_sentinel_that_may_not_tell_of_elections_is_believed() -> None:
    mute = [[b"m", b"6379"], Refusal("NOPERM no permissions to run the 'sentinel|master' command")]
    paper, way = Paper(s_1=[mute], m_6379=[MASTER]), watched()

    assert places(paper.run(way.locate(["a"]))) == ["m:6379"]
