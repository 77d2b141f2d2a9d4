"""How commands reach those who must have them: on paper, with every redirection, loss and repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import builders as a
import pytest

from gopher_cli.store import calls
from gopher_cli.store.asks import ask, outbox
from gopher_cli.store.asks.ask import Ask
from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.keyspace import keys_of
from gopher_cli.store.routing.redirects import _KEYLESS, Parcel, deliver, run_ask, run_calls
from store.scripted import MASTER, REPLICA, Paper, cluster, echo, named, route, slots

FIRST = (0, 8191, "a:1")
SECOND = (8192, 16383, "b:1")
FOO, BAR = "foo", "bar"  # slots 12182 (b) and 5061 (a)


class Halves(Paper):
    """Two nodes; ``a:1`` tells the map first, whenever it is asked for."""

    def __init__(self, a: Sequence[Any] = (echo,), b: Sequence[Any] = (echo,), **more: Any) -> None:
        super().__init__(a_1=a, b_1=b, **more)

    def _step(self, step: Any) -> Any:
        commands = getattr(step, "commands", None)
        if commands and commands[0] == ("CLUSTER", "SLOTS"):
            self.heard.append(("map", [("CLUSTER", "SLOTS")]))
            return slots(FIRST, SECOND)
        return super()._step(step)

    @property
    def sent(self) -> list[tuple[str, list[tuple[Any, ...]]]]:
        return [(place, commands) for place, commands in self.heard if place != "map"]


def get(*keys: str) -> list[Parcel]:
    return [Parcel(key, (("GET", key),)) for key in keys]


def test_what_lives_together_travels_together_and_answers_come_in_order() -> None:
    paper = Halves()

    assert paper.run(deliver(cluster(), get(FOO, BAR, "{foo}x", "{bar}x"))) == [
        [FOO], [BAR], ["{foo}x"], ["{bar}x"],
    ]  # fmt: skip
    assert [(place, len(commands)) for place, commands in paper.sent] == [("b:1", 2), ("a:1", 2)]


def test_a_slot_that_has_moved_is_followed_and_the_others_are_not_sent_again() -> None:
    paper = Halves(a=[[Refusal("MOVED 5061 b:1")]])

    assert paper.run(deliver(cluster(), get(FOO, BAR))) == [[FOO], [BAR]]
    assert paper.sent[-1] == ("b:1", [("GET", BAR)])
    assert not sum(paper.slept)


def test_a_parcel_goes_again_as_a_whole_when_a_part_of_it_is_refused() -> None:
    paper = Halves(a=[["OK", Refusal("TRYAGAIN Multiple keys request during rehashing"), 0], echo])
    whole = Parcel(BAR, (("EVALSHA", BAR), ("HSET", BAR), ("WAIT", 1)))

    assert paper.run(deliver(cluster(), [whole])) == [[BAR, BAR, 1]]
    assert [len(commands) for _, commands in paper.sent] == [3, 3]


def test_a_key_on_its_way_is_asked_for_where_it_goes_each_command_by_its_own_leave() -> None:
    paper = Halves(a=[[Refusal("ASK 5061 b:1"), Refusal("ASK 5061 b:1")]])

    assert paper.run(deliver(cluster(), [Parcel(BAR, (("GET", BAR), ("TTL", BAR)))])) == [[BAR, BAR]]
    assert paper.sent[-1] == ("b:1", [("ASKING",), ("GET", BAR), ("ASKING",), ("TTL", BAR)])


def test_what_is_split_between_two_places_is_tried_again_a_little_later() -> None:
    split = Refusal("TRYAGAIN Multiple keys request during rehashing of slot")
    paper = Halves(a=[[Refusal("ASK 5061 b:1")]], b=[["OK", split], ["OK", split], echo])

    assert paper.run(deliver(cluster(), get(BAR))) == [[BAR]]
    assert 0 < sum(paper.slept) < 0.2


def test_where_an_asked_node_is_dead_the_way_begins_anew() -> None:
    paper = Halves(a=[[Refusal("ASK 5061 c:1")], echo])

    assert paper.run(deliver(cluster(), get(BAR))) == [[BAR]]


def test_a_cluster_that_is_down_is_waited_for_two_seconds_and_no_longer() -> None:
    paper = Halves(a=[[Refusal("CLUSTERDOWN The cluster is down")]])

    ((said,),) = paper.run(deliver(cluster(), get(BAR)))
    assert said.code == "CLUSTERDOWN"
    assert 1.5 <= sum(paper.slept) <= 2.5
    assert len(paper.sent) == 9


def test_a_lost_connection_is_opened_anew_and_the_map_drawn_again() -> None:
    paper = Halves(b=[ConnectionError("reset"), echo])

    assert paper.run(deliver(cluster(), get(FOO, BAR))) == [[FOO], [BAR]]
    assert [place for place, _ in paper.heard].count("map") == 2
    assert paper.asked(BAR) == ["a:1"]  # it had its answer


def test_nobody_waits_for_a_second_time_out() -> None:
    paper = Halves(b=[TimeoutError("silence")])

    with pytest.raises(TimeoutError):
        paper.run(deliver(cluster(), get(FOO)))
    assert len(paper.sent) == 1
    assert not paper.slept


def test_a_lone_server_is_asked_twice_and_no_more() -> None:
    paper = Paper(a_1=[ConnectionError("reset"), echo])
    assert paper.run(deliver(route("redis://a:1"), get(FOO))) == [[FOO]]

    paper = Paper()
    with pytest.raises(ConnectionError):
        paper.run(deliver(route("redis://a:1"), get(FOO)))
    assert len(paper.heard) == 2
    assert not paper.slept


def test_what_a_lone_server_says_is_the_answer_even_if_it_is_a_redirection() -> None:
    paper = Paper(a_1=[[Refusal("MOVED 5061 b:1")]])

    ((said,),) = paper.run(deliver(route("redis://a:1"), get(BAR)))
    assert said.code == "MOVED"


def test_a_fail_over_is_followed_to_the_new_master() -> None:
    old, new = named("old:1", 1), named("new:1", 2)
    paper = Paper(
        s_1=[old, old, new], new_1=[MASTER, echo],
        old_1=[MASTER, [Refusal("READONLY You can't write against a read only replica.")], REPLICA],
    )  # fmt: skip

    assert paper.run(deliver(route("redis+sentinel://s:1/main"), get(FOO))) == [[FOO]]
    assert paper.asked("GET") == ["old:1", "new:1"]


def test_sentinels_that_are_all_away_are_given_two_seconds() -> None:
    paper = Paper()

    with pytest.raises(ConnectionError, match="s:1 refused"):
        paper.run(deliver(route("redis+sentinel://s:1/main"), get(FOO)))
    assert 1.5 <= sum(paper.slept) <= 2.5


def test_a_name_that_no_sentinel_knows_is_told_at_once() -> None:
    paper = Paper(s_1=[[None, None]])

    with pytest.raises(Refusal, match="NOMASTER wrong"):
        paper.run(deliver(route("redis+sentinel://s:1/wrong"), get(FOO)))
    assert not paper.slept


def test_a_refused_password_is_told_at_once() -> None:
    paper = Halves(a=[Refusal("WRONGPASS invalid")])

    with pytest.raises(Refusal, match="WRONGPASS"):
        paper.run(deliver(cluster(), get(BAR)))
    assert not paper.slept


# Scripts


def submit(queue: str = "mail") -> calls.Call[Any]:
    return calls.submit(keys_of("g", queue), [a.job("one")])


def test_a_script_that_is_not_known_is_sent_whole_with_all_that_follows_it() -> None:
    paper = Paper(a_1=[[Refusal("NOSCRIPT No matching script"), "marked", 0], echo])

    running = run_calls(route("redis://a:1"), [submit()], (("HSET", "k"), ("WAIT", 1)))
    assert len(paper.run(running)[0]) == 3
    (_, first), (_, second) = paper.heard
    assert (first[0][0], second[0][0]) == ("EVALSHA", "EVAL")
    assert first[1:] == second[1:] == [("HSET", "k"), ("WAIT", 1)]


def test_only_the_unknown_of_many_scripts_is_sent_again() -> None:
    unknown = Refusal("NOSCRIPT No matching script")
    paper = Paper(a_1=[["first", unknown, "third"], ["second"]])

    found = paper.run(run_calls(route("redis://a:1"), [submit("x"), submit("y"), submit("z")]))
    assert found == [["first"], ["second"], ["third"]]
    assert [len(commands) for _, commands in paper.heard] == [3, 1]


def test_a_script_is_unknown_where_its_slot_goes() -> None:
    keys = keys_of("g", "mail").__getitem__("meta")
    home, other = ("a", "b") if cluster_home(keys) == "a:1" else ("b", "a")
    moving = Refusal(f"ASK 1 {other}:1")
    goes = [["OK", Refusal("NOSCRIPT No matching script")], ["OK", "stored"]]
    paper = Halves(**{home: [[moving]], other: goes})

    assert paper.run(run_calls(cluster(), [submit()])) == [["stored"]]
    assert [words[0][0] for _, words in paper.sent] == ["EVALSHA", "ASKING", "EVAL", "ASKING"]


def cluster_home(key: str) -> str:
    paper = Halves()
    (node,) = paper.run(cluster().locate([key]))
    return "{}:{}".format(*node.hosts[0])


# Plain commands


def plain(*commands: tuple[Any, ...]) -> Ask[Any]:
    return Ask(list(commands), lambda raw: raw)


def test_one_without_a_key_goes_along_with_the_first_that_has_one() -> None:
    paper = Halves()

    paper.run(run_ask(cluster(), plain(("TIME",), ("HGET", FOO, "f"))))
    assert paper.sent == [("b:1", [("TIME",), ("HGET", FOO, "f")])]


def test_the_time_is_asked_of_one_server_only_wherever_the_fleet_is() -> None:
    paper, way = Halves(), cluster()
    for _ in range(3):
        paper.run(run_ask(way, ask.time_ms()))

    assert len({place for place, _ in paper.sent}) == 1


def test_many_queues_are_looked_at_where_they_live() -> None:
    paper = Halves()
    found = paper.run(run_ask(cluster(), plain(*[("HGETALL", key) for key in (FOO, BAR, "{foo}1")])))

    assert found == [FOO, BAR, "{foo}1"]
    assert {place: len(commands) for place, commands in paper.sent} == {"a:1": 1, "b:1": 2}


def test_a_lone_server_gets_all_in_one_piece() -> None:
    paper = Paper(a_1=[echo])

    paper.run(run_ask(route("redis://a:1"), plain(("TIME",), ("GET", FOO), ("GET", BAR))))
    assert len(paper.heard) == 1


def test_every_command_of_ours_with_a_key_has_it_in_second_place() -> None:
    keys = keys_of("g", "q")
    asks = [
        ask.add_queue("g", "q"), ask.queues("g"), ask.held(keys, "w"),
        ask.running_tokens(keys, ["i"]), ask.workers("g"), ask.records(keys, ["i"]), outbox.page(keys, 0, 1),
            outbox.present(keys, ["i"]), outbox.drop(keys, ["i"]), outbox.let_go(keys, ["i"], 1, ["i"]),
        ask.scan(keys["failed"], 0, "*", 1), ask.cells([keys]), ask.wait_for([keys["wake"]], 1.0),
        ask.histories(keys, ["i"]), ask.info(), ask.saves(), ask.time_ms(),
    ]  # fmt: skip
    for one in asks:
        for command in one.commands:
            assert command[0] in _KEYLESS or str(command[1]).startswith("g:{"), command
