"""A real queue with a seeded bug is found out, by the server's own log; a sound one has nothing to fear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import uuid4

import pytest
from driver import Queue
from mutants import MUTANTS
from redis import Redis
from servers import Server, own_server

from history.aof import Transaction, newest, transactions
from history.checker import Verdict, check
from history.life import Life

LIVES = range(1, 9)
STEPS = 300
# Of the bugs that the mutant gate knows, those that break a promise; and the check that must tell.
BUGS = {
    "settle takes any token": "only_the_last_token_is_accepted",
    "settle keeps the lease": "one_outcome_is_accepted",
    "settle loses a job that is to retry": "nothing_is_lost",
    "settle counts the same success twice": "what_is_completed_was_done",
    "submit takes a known id again": "a_serial_order_explains_every_job",
    "reserve ignores the pause": "none_is_leased_from_a_paused_queue",
    "reserve leaves jobs in line": "the_log_ends_in_what_is_there",
    "cancel leaves jobs in their place": "a_serial_order_explains_every_job",
    "purge deletes from every place": "a_serial_order_explains_every_job",
    "pause says what it did not": "a_serial_order_explains_the_pauses",
}


@pytest.fixture
def server() -> Iterator[Server]:
    with own_server("", "--appendfsync", "no") as server:
        yield server


def verdict_of(server: Server, scripts: Mapping[str, str], seed: int) -> Verdict:
    with Redis.from_url(server.url) as redis:
        queue = Queue(redis, f"life-{uuid4().hex[:8]}", scripts=scripts)
        life = Life(queue, seed)
        life.go(STEPS)
        return check(life.history(newest(server.home).read_bytes()))


def test_the_lives_of_a_sound_queue_break_no_promise(server: Server) -> None:
    for seed in LIVES:
        verdict = verdict_of(server, {}, seed)

        assert not verdict.broken, f"life {seed}: {verdict}"


@pytest.mark.parametrize("bug", BUGS)
def test_the_checker_finds_that(server: Server, bug: str) -> None:
    mutant = next(one for one in MUTANTS if one.bug == bug)
    scripts = {mutant.script: mutant.source}

    assert any(BUGS[bug] in verdict_of(server, scripts, seed).broken for seed in LIVES)


def test_of_a_log_what_is_whole_is_read() -> None:
    """A script is one transaction, a command alone another; notes and the choice of a database are none."""
    log = b"#TS:1700000000\r\n" + b"".join(
        wire(*words.split())
        for words in ("SELECT 0", "SET a 1", "MULTI", "SET b 2", "DEL a", "EXEC", "MULTI", "SET c 3")
    )
    alone, script = transactions(log)

    assert alone.commands == [[b"SET", b"a", b"1"]]
    assert script == Transaction([[b"SET", b"b", b"2"], [b"DEL", b"a"]], log.index(wire("EXEC")) + 14)


def wire(*words: str) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words)
