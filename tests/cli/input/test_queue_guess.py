"""A queue that is perhaps misspelt: said with a guess, and never refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cli.faraway import Site, serve
from cli.running import Cli
from cli.world import beat, do
from gopher_cli.gopher import Gopher
from gopher_cli.verbs.read.queue_guess import doubts


@pytest.fixture(scope="module")
def served(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """No other test has left names of queues here."""
    yield from serve(redis_url, tmp_path_factory.mktemp("far"))


def said(cli: Cli, queue: str, **more: Any) -> str:
    ran = cli("submit", "-t", "x", "-Q", queue, **more)
    assert ran.code == 0 and ran.out
    return ran.err


@pytest.mark.parametrize(
    ("door", "meant", "typed"), [("near", "mail", "mial"), ("far", "invoices", "invocies")]
)
def test_a_submit_to_a_misspelt_queue_says_so(near: Cli, far: Cli, door: str, meant: str, typed: str) -> None:
    cli = {"near": near, "far": far}[door]
    assert said(cli, meant) == ""

    assert said(cli, typed) == f"warning: the queue {typed} is new; did you mean {meant}?\n"
    assert said(cli, "reports") == ""


def test_where_workers_live_a_queue_that_none_serves_is_named(cli: Cli) -> None:
    beat(cli, queues=["mail"])
    assert said(cli, "mail") == ""

    assert said(cli, "reports") == "warning: no worker serves the queue reports\n"
    assert "no worker serves the queue reports" in said(cli, "reports", tty=True)
    assert "no worker serves" not in said(cli, "mail", tty=True)


def test_a_batch_tells_it_once_for_each_queue(cli: Cli) -> None:
    said(cli, "mail")
    lines = '{"type":"x","queue":"mial"}\n' * 3
    ran = cli("submit", "--batch", "-", "-q", stdin=lines)

    assert ran.code == 0 and ran.err == "warning: the queue mial is new; did you mean mail?\n"


def test_many_queues_of_a_batch_are_not_typed(cli: Cli) -> None:
    lines = "".join(f'{{"type":"x","queue":"tenant-{n}"}}\n' for n in range(30))
    ran = cli("submit", "--batch", "-", "-q", stdin=lines)

    assert ran.code == 0 and len(ran.err.splitlines()) <= 10


def test_a_worker_that_serves_a_misspelt_queue_says_so(cli: Cli) -> None:
    said(cli, "mail")

    async def starts(gopher: Gopher) -> list[str]:
        await gopher.announce(["mial", "reports"])
        return await doubts(gopher, ["mial", "reports"])

    assert do(cli, starts) == ["the queue mial is new; did you mean mail?"]
    assert do(cli, starts) == []  # it is known by now


def test_a_submit_to_a_known_queue_asks_redis_nothing_more(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    said(cli, "mail")
    monkeypatch.setattr(Gopher, "workers", None)

    assert said(cli, "mail") == ""
