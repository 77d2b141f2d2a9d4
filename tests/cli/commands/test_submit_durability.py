"""`gopher submit --durability`: what it says, and with which exit code, when a level is kept or cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from servers import Server, lonely_server

from cli.running import Cli, Ran
from gopher_cli.store.routing import durable


@pytest.fixture(scope="module")
def lonely() -> Iterator[Server]:
    with lonely_server() as one:
        yield one


@pytest.fixture
def patient(cli: Cli, lonely: Server) -> Cli:
    """The program at that server, which may take its time."""
    return Cli(cli.patch, cli.env | {"REDIS_URL": lonely.url, "REDIS_TIMEOUT": "60s"})


class Hurried(Cli):
    """The replica is given 0.8 s, as with REDIS_TIMEOUT=1s; the server has as long as ever."""

    def __call__(self, *args: str, **more: Any) -> Ran:
        with self.patch.context() as patch:
            patch.setattr(durable, "_SHARE", 0.8 / 60)
            return super().__call__(*args, **more)


@pytest.fixture
def hurried(patient: Cli) -> Cli:
    return Hurried(patient.patch, patient.env)


def test_a_level_that_the_server_cannot_give_is_refused_and_nothing_is_stored(cli: Cli) -> None:
    disk = cli("submit", "-t", "mail", "--durability", "fsync")
    assert disk.code == 78
    assert "fsync cannot be given: this server writes no append-only file" in disk.err
    assert "hint: redis-cli CONFIG SET appendonly yes, then CONFIG REWRITE" in disk.err
    assert "or submit with --durability memory" in disk.err

    replica = cli("submit", "-t", "mail", "--durability", "replica:2")
    assert replica.code == 78
    assert "replica:2 cannot be given: 0 of 2 replicas are attached" in replica.err
    assert not disk.out + replica.out
    assert cli("jobs", "ls", "-q").out == ""


def test_memory_is_enough_for_every_server(cli: Cli) -> None:
    assert cli.id("-t", "mail", "--durability", "memory", "--id", "one") == "one"


def test_what_is_no_level_is_told_with_those_that_are(cli: Cli) -> None:
    ran = cli("submit", "-t", "mail", "--durability", "disk")

    assert ran.code == 2
    assert "memory, fsync or replica:N" in ran.err
    assert cli("jobs", "ls", "-q").out == ""


def test_stored_but_not_as_safe_as_asked_for_is_a_failure_that_may_be_repeated(hurried: Cli) -> None:
    for _ in range(2):
        ran = hurried("submit", "-t", "mail", "--id", "one", "--durability", "replica")
        assert (ran.code, ran.out) == (75, "")
        assert "stored, but not replica:1: only 0 of 1 replicas confirmed it within 0.8 s" in ran.err
        assert "hint: submit it again under the same id: nothing is stored twice" in ran.err
    assert hurried("jobs", "ls", "-q").out == "one\n"


def test_a_level_that_is_kept_is_like_any_submit(patient: Cli) -> None:
    assert patient.id("-t", "mail", "--id", "kept", "--durability", "fsync") == "kept"
    lines = '{"type":"mail","id":"a"}\n{"type":"mail","id":"b"}\n'
    assert patient("submit", "--batch", "-", "--durability", "fsync", stdin=lines).code == 0


def test_the_setting_counts_where_no_flag_is_given_and_the_flag_where_one_is(hurried: Cli) -> None:
    strict = Hurried(hurried.patch, hurried.env | {"GOPHER_DURABILITY": "replica:1"})

    assert strict("submit", "-t", "mail").code == 75
    assert strict("submit", "-t", "mail", "--durability", "memory").code == 0
    assert "replica:1" in strict("config", "show").out


def test_a_setting_that_makes_no_sense_is_told_at_once(cli: Cli) -> None:
    ran = Cli(cli.patch, cli.env | {"GOPHER_DURABILITY": "tape"})("submit", "-t", "mail")

    assert ran.code == 78
    assert "GOPHER_DURABILITY" in ran.err
    assert "memory, fsync or replica:N (N from 1 to 9)" in ran.err


def test_a_batch_that_is_not_safe_yet_says_so_and_can_be_run_again(hurried: Cli) -> None:
    lines = "\n".join(f'{{"type":"mail","id":"j{n}"}}' for n in range(5))
    ran = hurried("submit", "--batch", "-", "--batch-id", "night", "--durability", "replica:1", stdin=lines)

    assert ran.code == 75
    assert "stored, but not replica:1" in ran.err
    assert len(hurried("jobs", "ls", "-q").out.split()) == 5


def test_a_batch_that_was_not_safe_is_not_called_safe_by_the_next_run(patient: Cli, hurried: Cli) -> None:
    """Its lines are there, and are skipped: but nobody has confirmed them."""
    lines = "\n".join('{"type":"mail"}' for _ in range(5))
    batch = ("submit", "--batch", "-", "--batch-id", "morning")
    assert hurried(*batch, "--durability", "replica:1", stdin=lines).code == 75

    again = hurried(*batch, "--durability", "replica:1", stdin=lines)
    assert (again.code, again.out) == (75, "")
    assert "stored, but not replica:1: only 0 of 1 replicas confirmed it" in again.err
    assert "run it again with --batch-id morning" in again.err
    assert patient(*batch, stdin=lines).code == 0, "memory they have reached"
    safe = patient(*batch, "--durability", "fsync", "-o", "ndjson", stdin=lines)
    assert (safe.code, safe.out.count('"exists"')) == (0, 5)
    assert len(patient("jobs", "ls", "-q", "--type", "mail", "--limit", "99").out.split()) == 5
