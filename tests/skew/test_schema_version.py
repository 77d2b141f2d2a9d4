"""The schema version: written once, a newer minor is tolerated, a newer major is left alone by every door."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli.running import Cli
from redis import Redis
from skew.conftest import Schema
from worker.processes import PATIENCE, Worker, ends, until

from gopher_cli import __version__
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, Outdated
from gopher_cli.producer import Producer
from gopher_cli.store import schema_version
from gopher_cli.store.schema_version import OURS, checked, written
from gopher_cli.store.stores.threaded import SyncStore

NEWER, NEXT = f"{OURS.major}.{OURS.minor + 1};9.1.0", f"{OURS.major + 1}.0;10.0.0"
SENTENCE = (
    f"this data was written by gopher 10.0.0 (schema {OURS.major + 1}.0); "
    f"this is gopher {__version__} and knows {OURS.major}.x"
)


def dump(redis: Redis, namespace: str) -> dict[bytes, Any]:
    return {key: redis.dump(key) for key in redis.scan_iter(f"{namespace}:*")}


# Reading it


def test_data_without_a_version_is_of_the_first_release() -> None:
    assert checked(None)[:2] == (1, 0)


def test_ours_is_read_as_it_is_written() -> None:
    assert checked(written().encode()) == OURS


@pytest.mark.parametrize("raw", [b"", b"one", b"1", b"1.x", b"-1.0", b"1.0;\xff", b"\x00" * 99])
def test_what_is_no_version_is_bad_data(raw: bytes) -> None:
    with pytest.raises(BadData, match="cannot be read"):
        checked(raw)


@pytest.mark.parametrize("raw", [b"0.9;0.0.1", b"2.0", b"999999999.0;x"])
def test_another_major_is_refused(raw: bytes) -> None:
    with pytest.raises(Outdated) as refusal:
        checked(raw)

    assert refusal.value.exit_code == 78 and refusal.value.hint


# Writing it


def test_the_first_submit_into_an_empty_namespace_writes_it(cli: Cli, schema: Schema) -> None:
    cli.id("-t", "math", "op=add")

    assert schema.written == written().encode()


@pytest.mark.anyio
async def test_a_version_that_is_there_is_left_as_it_is(
    gopher: Gopher, redis_url: str, namespace: str, schema: Schema
) -> None:
    schema.write(NEWER)

    await gopher.submit("math")
    with Producer(store=SyncStore(gopher.store.address), namespace=namespace) as producer:
        producer.submit("math")

    assert schema.written == NEWER.encode()


@pytest.mark.anyio
async def test_data_of_the_release_before_gets_its_version_from_the_first_that_stays(
    gopher: Gopher, schema: Schema
) -> None:
    await gopher.submit("math")
    schema.forget()

    await gopher.check(thorough=True)
    await gopher.stand(["default"], {})

    assert schema.written == written().encode()


@pytest.mark.anyio
async def test_a_gopher_with_a_newer_minor_raises_it(
    gopher: Gopher, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gopher.submit("math")
    newer = OURS._replace(minor=OURS.minor + 1)
    monkeypatch.setattr("gopher_cli.verbs.startup.OURS", newer)
    monkeypatch.setattr(schema_version, "OURS", newer)
    monkeypatch.setattr("gopher_cli.store.asks.startup.written", lambda: written(newer))

    await gopher.stand(["default"], {})

    assert schema.written == written(newer).encode()


def test_nothing_of_ours_has_a_time_to_live(cli: Cli, redis: Redis, namespace: str) -> None:
    cli.id("-t", "math", "op=add")

    assert {redis.ttl(key) for key in redis.scan_iter(f"{namespace}:*")} == {-1}


# A newer major

OPERATORS = {
    "submit": ("submit", "-t", "math", "op=add"),
    "batch": ("submit", "--batch", "-"),
    "retry": ("retry", "there"),
    "retry-all": ("retry-all",),
    "requeue-dlq": ("requeue-dlq",),
    "cancel": ("cancel", "there"),
    "purge": ("purge", "--state", "enqueued", "--yes"),
    "pause": ("queue", "pause", "default"),
    "resume": ("queue", "resume", "default"),
    "stats": ("stats",),
    "jobs ls": ("jobs", "ls"),
    "inspect": ("inspect", "there"),
    "health": ("health",),
    "worker": ("worker", "--burst"),
    "serve": ("serve", "--port", "0"),
}


@pytest.mark.row("W27")
@pytest.mark.parametrize("words", OPERATORS.values(), ids=OPERATORS)
def test_data_of_a_newer_major_is_touched_by_no_command(
    cli: Cli, redis: Redis, namespace: str, schema: Schema, words: tuple[str, ...]
) -> None:
    cli.id("-t", "math", "op=add", "--id", "there")
    schema.write(NEXT)
    before = dump(redis, namespace)

    ran = cli(*words, stdin='{"type":"math"}\n')

    assert ran.code == 78, ran.err
    assert SENTENCE in ran.err and "upgrade this one" in ran.err
    assert dump(redis, namespace) == before


@pytest.mark.anyio
async def test_a_program_that_lives_long_sees_an_upgrade_of_the_data(
    gopher: Gopher, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gopher.submit("math")
    schema.write(NEXT)

    monkeypatch.setattr("gopher_cli.verbs.core._LATELY", 0.0)
    with pytest.raises(Outdated):
        await gopher.submit("math")
    schema.forget()


# While they work


@pytest.mark.row("W27")
@pytest.mark.anyio
async def test_a_running_worker_stops_when_a_newer_major_takes_the_data_and_hands_its_jobs_back(
    gopher: Gopher, worker: Callable[..., Worker], schema: Schema, tmp_path: Path
) -> None:
    one = worker("--app", "worker.apps:app", "--grace", "0s")
    id = await gopher.submit("hold", {"file": str(tmp_path / "held")})
    await ends(gopher, id, "processing")

    schema.write(NEXT)

    assert one.ended() == 78
    assert SENTENCE in one.heard("schema")
    schema.forget()
    found = await gopher.inspect("default", id)
    assert (found.state, found.attempts, found.losses) == ("enqueued", 0, 0)


@pytest.mark.row("W27")
@pytest.mark.anyio
async def test_a_running_worker_notes_a_newer_minor_once_and_works_on(
    gopher: Gopher, worker: Callable[..., Worker], schema: Schema
) -> None:
    one = worker("--app", "worker.apps:app")
    await until(lambda: schema.written)

    schema.write(NEWER)

    assert f"schema {OURS.major}.{OURS.minor + 1}, by gopher 9.1.0" in one.heard("a little newer")
    await ends(gopher, await gopher.submit("echo", 1))
    schema.write(f"{OURS.major}.{OURS.minor + 2};9.2.0")
    one.heard(f"schema {OURS.major}.{OURS.minor + 2}")
    assert len([line for line in one.said if "a little newer" in line]) == 2
    assert schema.written and schema.written.endswith(b"9.2.0")


@pytest.mark.anyio
async def test_a_version_that_nobody_can_read_stops_no_running_worker(
    gopher: Gopher, worker: Callable[..., Worker], schema: Schema, cli: Cli
) -> None:
    one = worker("--app", "worker.apps:app")
    id = await gopher.submit("echo", 1)

    schema.write("rubbish")

    one.heard("cannot be read")
    await ends(gopher, id)
    assert one.process.poll() is None
    schema.forget()


def test_a_server_stops_when_a_newer_major_takes_the_data(environ: dict[str, str], schema: Schema) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "gopher_cli", "serve", "--port", "0", "--log-format", "json"],
        env=environ, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stderr
    try:
        while "serving" not in server.stderr.readline():
            assert server.poll() is None
        schema.write(NEXT)

        said = [json.loads(line)["event"] for line in server.stderr]
        assert server.wait(PATIENCE) == 78
    finally:
        server.kill()
    assert any(SENTENCE in line for line in said)
