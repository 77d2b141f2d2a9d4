"""Where a key lives, as lone servers and clusters tell it: on paper, without a server."""

from __future__ import annotations

import binascii

import pytest

from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.routing.routes import SLOTS, slot_of
from store.scripted import Paper, cluster, places, route, slots

WHOLE = (0, SLOTS - 1)


# Slots


@pytest.mark.parametrize(
    ("key", "slot"),
    [
        ("123456789", 0x31C3),  # of the specification
        ("foo", 12182), ("bar", 5061), ("hello", 866), ("somekey", 11058), ("foo{hash_tag}", 2515),
        ("{hash_tag}", 2515), ("", 0),
    ],
)  # fmt: skip
def test_a_slot_is_what_the_specification_says(key: str, slot: int) -> None:
    assert slot_of(key) == slot


@pytest.mark.parametrize(
    ("key", "same"),
    [
        ("gopher:{mail}:meta", "mail"), ("a{b}c{d}", "b"), ("foo{{bar}}zap", "{bar"), ("{a}", "a"),
        ("foo{}{bar}", None), ("foo{bar", None), ("foo}bar{", None), ("{}", None),
    ],
)  # fmt: skip
def test_only_what_the_first_braces_hold_counts_unless_it_is_nothing(key: str, same: str | None) -> None:
    assert slot_of(key) == binascii.crc_hqx((same or key).encode(), 0) % SLOTS


# Lone servers and clusters


def test_a_lone_server_is_where_it_is_whatever_it_says() -> None:
    way = route("redis://a:1")

    assert places(Paper().run(way.locate(["x", "y"]))) == ["a:1"] * 2
    way.lost()
    assert not any(way.heed(Refusal(f"{code} x")) for code in ("MOVED", "LOADING", "READONLY"))


def test_every_slot_has_its_owner_and_the_map_is_asked_for_once() -> None:
    paper, way = Paper(a_1=[slots((0, 5460, "a:1"), (5461, 16383, "b:1"))]), cluster()

    assert places(paper.run(way.locate(["hello", "foo", "bar"]))) == ["a:1", "b:1", "a:1"]
    paper.run(way.locate(["foo"]))
    assert len(paper.heard) == 1


def test_all_seeds_are_tried_before_it_gives_up() -> None:
    paper = Paper(b_1=[TimeoutError("hangs")], c_1=[slots((*WHOLE, "c:1"))])

    assert places(paper.run(cluster("a:1", "b:1", "c:1").locate(["foo"]))) == ["c:1"]
    with pytest.raises(ConnectionError):
        Paper().run(cluster("a:1", "b:1").locate(["foo"]))


def test_after_a_loss_the_map_is_drawn_again_by_another_node() -> None:
    old, new = slots((*WHOLE, "a:1"), a="b:2"), slots((*WHOLE, "b:2"))
    paper, way = Paper(a_1=[old, ConnectionError("dead")], b_2=[new]), cluster()
    paper.run(way.locate(["foo"]))
    way.lost()

    assert places(paper.run(way.locate(["foo"]))) == ["b:2"]  # a replica that nobody has named


def test_a_node_that_has_left_is_asked_no_more_and_a_named_one_always() -> None:
    paper = Paper(a_1=[slots((*WHOLE, "a:1"), a="gone:1"), slots((*WHOLE, "b:1"))])
    way = cluster()
    for _ in range(2):
        paper.run(way.locate(["foo"]))
        way.lost()
    paper.says.clear()
    paper.heard.clear()

    with pytest.raises(ConnectionError):
        paper.run(way.locate(["foo"]))
    assert sorted(paper.asked("SLOTS")) == ["a:1", "b:1"]


@pytest.mark.parametrize("host", ["", "?"])
def test_a_node_that_does_not_know_its_host_lives_where_it_was_asked(host: str) -> None:
    paper, way = Paper(**{"203.0.113.9:7000": [slots((*WHOLE, f"{host}:7000"))]}), cluster("203.0.113.9:7000")

    assert places(paper.run(way.locate(["foo"]))) == ["203.0.113.9:7000"]
    way.heed(Refusal("MOVED 12182 :7001"))
    assert places(paper.run(way.locate(["foo"]))) == ["203.0.113.9:7001"]


def test_moved_teaches_one_slot_and_not_the_whole_map() -> None:
    paper, way = Paper(a_1=[slots((*WHOLE, "a:1"))]), cluster()
    paper.run(way.locate(["foo"]))

    assert way.heed(Refusal("MOVED 12182 b:2"))
    assert places(paper.run(way.locate(["foo", "bar"]))) == ["b:2", "a:1"]
    assert len(paper.heard) == 1


def test_a_slot_that_nobody_serves_is_a_cluster_that_is_down() -> None:
    paper, way = Paper(a_1=[slots((0, 99, "a:1"))]), cluster()

    for _ in range(2):
        with pytest.raises(Refusal, match="CLUSTERDOWN"):
            paper.run(way.locate(["foo"]))
    assert len(paper.heard) == 2  # it looks again each time


def test_a_server_that_is_no_cluster_says_so() -> None:
    paper = Paper(a_1=[[Refusal("ERR This instance has cluster support disabled")]])

    with pytest.raises(Refusal, match="cluster support disabled"):
        paper.run(cluster().locate(["foo"]))


def test_an_ipv6_node_is_found_where_it_says() -> None:
    (node,) = Paper(a_1=[slots((*WHOLE, "a:1"))]).run(cluster().locate(["foo"]))
    moved = cluster()
    moved.heed(Refusal("MOVED 12182 ::1:7001"))

    assert node.kind == "standalone"
    assert moved._owners[12182].hosts == (("::1", 7001),)  # type: ignore[union-attr]


def test_who_did_not_answer_is_asked_for_the_new_map_last() -> None:
    whole = slots((0, SLOTS - 1, "b:2"))
    paper, way = Paper(a_1=[TimeoutError("hangs")], b_2=[whole], c_3=[whole]), cluster("a:1", "b:2", "c:3")
    for _ in range(4):
        way.lost(way._at("a", 1))
        paper.run(way.locate(["k"]))

    assert "a:1" not in [place for place, _ in paper.heard]
