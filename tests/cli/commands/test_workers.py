"""gopher workers quiet, resume and stop: beside Redis, and through the API."""

from __future__ import annotations

import json

import pytest

from cli.running import Cli
from cli.world import beat


def three_workers(cli: Cli) -> None:
    beat(cli, "w1", host="a", pid=1, name="mail", state="running", queues=["default"])
    beat(cli, "w2", host="b", pid=2, name="mail", state="quiet", queues=["default"])
    beat(cli, "w3", host="b", pid=3, state="running", queues=["default"])


@pytest.mark.parametrize("order", ["quiet", "resume", "stop"])
def test_an_order_is_the_same_near_and_far(near: Cli, far: Cli, order: str) -> None:
    for cli in (near, far):
        three_workers(near)
        ran = cli("workers", order, "b:3", "-o", "json")
        assert ran.code == 0, ran.err
        (said,) = json.loads(ran.out)
        assert said == {
            "id": "w3", "worker": "b:3", "order": order, "state": "running", "changed": order != "resume",
        }  # fmt: skip
        ran = cli("workers", order, "mail")
        assert (ran.code, ran.out) == (5, "")
        assert "2 workers are called mail: a:1, b:2" in ran.err
        assert "--all" in ran.err
        ran = cli("workers", order, "mail", "w3", "w3", "--all")
        assert ran.code == 0
        assert [line.split()[0] for line in ran.out.splitlines()] == ["mail", "mail", "b:3"]
        assert cli("workers", order, "nobody").code == 3
        assert cli("workers", order).code == 2


def test_what_was_so_already_is_told(near: Cli) -> None:
    three_workers(near)

    assert near("workers", "quiet", "w1").out == "mail is told to be quiet\n"
    assert near("workers", "quiet", "w2").out == "mail is quiet already\n"
    assert near("workers", "stop", "w3", "-q").out == ""


def test_workers_alone_is_the_list(near: Cli, far: Cli) -> None:
    three_workers(near)

    for cli in (near, far):
        listed = json.loads(cli("workers", "-o", "json").out)
        assert listed == json.loads(cli("workers", "ls", "-o", "json").out) or len(listed) == 3
        assert [one["name"] for one in listed] == ["mail", "mail", ""]
        assert "quiet" in cli("workers", "--help").out
        assert cli("workers", "quite").code == 2
        shown = cli("workers", "-o", "table").out
        assert "mail (a:1)" in shown and "mail (b:2)" in shown and "b:3" in shown


@pytest.mark.parametrize("names", [["w1", "nobody"], ["nobody", "w1"]])
def test_a_worker_that_is_not_there_stops_no_order_to_another(near: Cli, far: Cli, names: list[str]) -> None:
    three_workers(near)

    for cli in (near, far):
        ran = cli("workers", "stop", *names)
        assert (ran.code, ran.out) == (3, "mail is told to stop\n")
        assert ran.err == "warning: no worker nobody\n"


def test_a_queue_that_is_not_there_stops_no_pause_of_another(near: Cli, far: Cli) -> None:
    near("submit", "-t", "x", "-Q", "mail")

    for cli, word in ((near, "pause"), (far, "resume")):
        ran = cli("queue", word, "nobody", "mail")
        assert (ran.code, ran.out) == (3, f"mail {word.rstrip('e')}ed\n")
        assert "warning: no queue nobody" in ran.err
