"""`gopher doctor` as a command: its formats, its exit codes, and what it asks before it repairs."""

from __future__ import annotations

import json

import laws
import pytest
from cli.running import Cli
from cli.world import beat
from redis import Redis

from gopher_cli.store.keyspace import Keys, keys_of


@pytest.fixture
def keys(cli: Cli, redis: Redis, namespace: str) -> Keys:
    """A queue with one job, which somebody serves."""
    cli.id("-t", "mail", "--id", "one")
    beat(cli, queues=["default"], types=["mail"])
    return keys_of(namespace, "default")


def hurt(redis: Redis, keys: Keys) -> None:
    redis.zadd(keys["failed"], {"one": 1})


def found(cli: Cli, *args: str) -> dict[str, str]:
    """Names with severities, without the server: that of the tests keeps nothing on disk."""
    findings = json.loads(cli("doctor", "-o", "json", *args).out)["findings"]
    return {f["name"]: f["severity"] for f in findings if f["section"] != "server"}


def test_healthy_data_and_what_is_wrong_with_it(cli: Cli, redis: Redis, keys: Keys) -> None:
    assert found(cli) == {"workers": "ok", "jobs": "ok"}

    hurt(redis, keys)

    assert found(cli) == {"workers": "ok", "jobs in two places": "critical"}
    assert found(cli, "--no-data") == {"workers": "ok"}
    assert cli("doctor").code == 1


def test_the_exit_code_is_0_when_all_is_well(own_redis_url: str, cli: Cli, namespace: str) -> None:
    with Redis.from_url(own_redis_url) as own:
        own.config_set("appendonly", "yes")
        assert cli("doctor", "--redis-url", own_redis_url).code == 0
        own.config_set("maxmemory-policy", "allkeys-lru")
        assert cli("doctor", "--redis-url", own_redis_url, "--no-data").code == 1
        own.config_set("maxmemory-policy", "noeviction")
        own.config_set("appendonly", "no")


def test_an_unreachable_server_is_69(cli: Cli) -> None:
    ran = cli("doctor", "--redis-url", "redis://127.0.0.1:1")

    assert (ran.code, ran.out) == (69, "") and "cannot reach Redis" in ran.err


@pytest.mark.parametrize(
    "words", [["--yes"], ["--dry-run"], ["--fix", "--no-data"], ["--queue"], ["--fix", "--what"]]
)
def test_wrong_usage_is_2(cli: Cli, words: list[str]) -> None:
    assert cli("doctor", *words).code == 2


def test_an_unknown_queue_is_3(cli: Cli, keys: Keys) -> None:
    assert cli("doctor", "-Q", "nobodys").code == 3


def test_without_a_terminal_a_repair_needs_yes(cli: Cli, redis: Redis, keys: Keys) -> None:
    hurt(redis, keys)
    ran = cli("doctor", "--fix")

    assert ran.code == 2 and "1 thing (jobs in two places) would be repaired" in ran.err
    assert redis.zscore(keys["failed"], "one") == 1


def test_a_dry_run_changes_nothing(cli: Cli, redis: Redis, keys: Keys) -> None:
    hurt(redis, keys)
    ran = cli("doctor", "--fix", "--dry-run", tty=True)

    assert ran.code == 1 and "--fix would repair 1" in ran.out
    assert redis.zscore(keys["failed"], "one") == 1


def test_a_dry_run_in_a_pipe_says_what_would_be_done(cli: Cli, redis: Redis, keys: Keys) -> None:
    hurt(redis, keys)
    redis.hincrby(keys["counters"], "enqueued", 2)
    ran = cli("doctor", "--fix", "--dry-run")

    assert ran.code == 1 and "jobs in two places" in ran.out
    assert "1 thing (jobs in two places) would be repaired" in ran.err
    assert "it would be written down that 2 jobs are missing" in ran.err
    assert redis.zscore(keys["failed"], "one") == 1


def test_a_loss_is_told_of_when_it_is_written_down_and_as_a_note_ever_after(
    cli: Cli, redis: Redis, keys: Keys, namespace: str
) -> None:
    redis.hincrby(keys["counters"], "enqueued", 96)
    assert cli("doctor", "--fix").code == 2, "it asks first"

    ran = cli("doctor", "--fix", "--yes", "-o", "json")

    assert ran.code == 1 and json.loads(ran.out)["repaired"] == []
    assert "96 jobs missing in default: written down, and not brought back" in ran.err
    assert found(cli) == {"workers": "ok", "jobs": "ok", "jobs that were missing": "note"}
    told = " ".join(cli("doctor", "--color", "never", tty=True, columns=100).out.split())
    assert "· jobs that were missing 96 in default: missing when the counters were set right" in told
    laws.check(redis, namespace)


def test_unique_keys_that_outlive_their_jobs_are_counted_and_no_fault(
    cli: Cli, redis: Redis, keys: Keys
) -> None:
    now = redis.time()[0] * 1000
    redis.hset(keys["locks"], mapping={"nightly": "gone", "weekly": "gone", "mine": "one"})
    redis.zadd(keys["lock_ends"], {"nightly": now + 10**7, "weekly": now + 10**7, "mine": now + 10**7})
    ran = cli("doctor", "-o", "json")

    (told,) = [one for one in json.loads(ran.out)["findings"] if "unique keys" in one["name"]]
    assert (told["severity"], told["count"], told["queue"]) == ("note", 2, "default")
    assert found(cli)["jobs"] == "ok"


def test_the_help_says_what_is_deleted_and_how_to_leave_the_data_out(cli: Cli) -> None:
    said = " ".join(cli("doctor", "--help").out.split())

    assert "Leftovers are deleted" in said and "--no-data leaves that out" in said


def test_a_repair_says_what_it_did(cli: Cli, redis: Redis, keys: Keys, namespace: str) -> None:
    hurt(redis, keys)
    ran = cli("doctor", "--fix", "--yes", "-o", "json")

    told = json.loads(ran.out)
    assert told["repaired"] == [
        {"name": "jobs in two places", "queue": "default", "count": 1, "ids": ["one"]}
    ]
    assert "repaired: jobs in two places in default: 1: one" in ran.err
    assert found(cli) == {"workers": "ok", "jobs": "ok"}
    laws.check(redis, namespace)


def test_nothing_to_repair_asks_nothing(cli: Cli, keys: Keys) -> None:
    ran = cli("doctor", "--fix", "-o", "json")

    assert json.loads(ran.out)["repaired"] == [] and "--yes" not in ran.err


def test_a_pipe_gets_a_line_a_finding(cli: Cli, redis: Redis, keys: Keys) -> None:
    hurt(redis, keys)
    rows = [line.split("\t") for line in cli("doctor").lines]

    assert rows[0] == ["SEVERITY", "SECTION", "QUEUE", "CHECK", "COUNT", "MEANING", "EXAMPLES", "FIX"]
    (row,) = [row for row in rows if row[3] == "jobs in two places"]
    assert row[:3] == ["critical", "data", "default"] and row[4] == "1" and row[6] == "one"
    assert row[7].startswith("gopher doctor --fix: ")
    assert "jobs in two places" in cli("doctor", "-q").lines
    assert all(json.loads(line)["name"] for line in cli("doctor", "-o", "ndjson").lines)


@pytest.mark.parametrize("columns", [40, 60, 76, 100, 160])
def test_the_picture_fits_its_terminal(cli: Cli, redis: Redis, keys: Keys, columns: int) -> None:
    hurt(redis, keys)
    ran = cli("doctor", "--color", "never", tty=True, columns=columns)

    assert max(len(line) for line in ran.lines) <= columns
    whole = " ".join(ran.out.split())
    assert "✗ jobs in two places 1 in default: a job could run twice" in whole
    assert "→ --fix keeps the place" in whole
    assert "✗ 1 critical" in whole


def test_no_byte_of_an_id_moves_the_cursor(cli: Cli, redis: Redis, keys: Keys) -> None:
    redis.zadd(keys["ready_high"], {b"\x1b[2Jevil\xff\n": 1})
    ran = cli("doctor", "--color", "never", tty=True)
    fixed = cli("doctor", "--fix", "--yes", tty=True, columns=100)

    assert "\x1b" not in ran.out and "\\x1b[2Jevil" in ran.out
    assert "\x1b[2Jevil" not in fixed.out + fixed.err
    assert json.loads(cli("doctor", "--json").out)


def test_a_large_queue_is_looked_at_in_slices(cli: Cli, redis: Redis, keys: Keys, namespace: str) -> None:
    lines = "".join(f'{{"type":"mail","payload":{n}}}\n' for n in range(1500))
    assert cli("submit", "--batch", "-", stdin=lines).code == 0
    victims = [id for id, _ in redis.zscan_iter(keys["ready_normal"])][::3]
    redis.zrem(keys["ready_normal"], *victims)

    told = json.loads(cli("doctor", "--fix", "--yes", "-o", "json").out)

    assert [one["count"] for one in told["repaired"]] == [len(victims)]
    assert told["jobs"] == 1501
    laws.check(redis, namespace)
