"""Secrets are for Redis, the mail server and the HTTP client alone: nobody else gets to see one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.conftest import cli, environment
from cli.running import Cli
from redis import Redis
from worker.processes import PATIENCE, Worker, descendants, ends, lines, until

from gopher_cli.embedded.place import binaries
from gopher_cli.gopher import Gopher
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url
from safety.conftest import APP

__all__ = ["cli", "environment"]
pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]
SECRET = "hunter2-s3cret"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[str]:
    """The URL of a server with a password, which is the secret."""
    path = Path(f"/tmp/gopher-safety-{os.getpid()}-{time.monotonic_ns()}")
    server = subprocess.Popen(
        [binaries()[0], "--port", "0", "--unixsocket", str(path), "--requirepass", SECRET, "--save", "",
         "--dir", str(tmp_path), "--maxmemory-policy", "noeviction",
         "--logfile", str(tmp_path / "server.log")],
        start_new_session=True,
    )  # fmt: skip
    while not _listens(path):
        assert server.poll() is None
        time.sleep(0.01)
    yield f"unix://:{SECRET}@{path}"
    server.kill()
    server.wait()
    path.unlink(missing_ok=True)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        return line.connect_ex(str(path)) == 0


def secrets(url: str) -> dict[str, str]:
    """The same secret wherever one can be."""
    return {
        "REDIS_URL": url, "REDIS_PASSWORD": SECRET, "API_KEY": SECRET,
        "SMTP_URL": f"smtp://user:{SECRET}@localhost:1",
    }  # fmt: skip


def everywhere(pid: int) -> str:
    """The command lines of a process and all that it has started."""
    found = []
    for one in (pid, *descendants(pid)):
        try:
            found.append(Path(f"/proc/{one}/cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return "\n".join(found)


SHOW = "env >> {place}; while [ ! -e {place}.seen ]; do sleep 0.02; done; echo ok"


async def test_a_worker_gives_no_secret_to_programs_logs_or_ps(
    worker: Start, program: Any, guarded: str, tmp_path: Path, namespace: str
) -> None:
    shown = program(SHOW.format(place=tmp_path / "env"))
    one = worker(
        "--exec", f"show={shown}", "--app", APP, "--builtin", "email", "--log-level", "debug",
        env=secrets(guarded),
    )  # fmt: skip
    async with Gopher(store=RedisStore(parse_url(guarded)), namespace=namespace) as gopher:
        id = await gopher.submit("show")
        await until(lambda: lines(tmp_path / "env"))
        seen = everywhere(one.process.pid)
        (tmp_path / "env.seen").touch()
        await ends(gopher, id)
        mail = await gopher.submit("email", {"to": "a@b.c", "subject": "x", "body": "y"}, max_retries=0)
        detail = await ends(gopher, mail, "failed")
        about = await gopher.workers()
    one.signal(signal.SIGTERM)
    one.ended()

    assert str(shown) in seen and "runner.main" in seen
    for text in (seen, (tmp_path / "env").read_text(), str(detail), str(about), "\n".join(one.said)):
        assert SECRET not in text


def test_a_whole_tree_of_processes_tells_ps_no_secret(cli: Cli, guarded: str) -> None:
    """They hand each other their settings by the environment."""
    up = subprocess.Popen(
        [sys.executable, "-m", "gopher_cli", "up", "--port", "0"],
        env={**os.environ, **cli.env, **secrets(guarded)},
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE
        while "runner.main" not in (seen := everywhere(up.pid)):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert SECRET not in seen
    finally:
        up.terminate()
        said = "".join(up.communicate(timeout=PATIENCE))
    assert SECRET not in said


ASKS = [
    ["config", "show"], ["config", "show", "-o", "json"], ["config", "show", "-o", "csv"], ["health"],
    ["health", "-o", "json"], ["stats"], ["stats", "-o", "json"], ["workers", "-o", "json"], ["doctor"],
    ["doctor", "-o", "json"], ["embedded", "status"], ["submit", "-t", "math", "-p", "{"],
    ["inspect", "nobody"],
]  # fmt: skip


@pytest.mark.parametrize("away", [False, True], ids=["", "away"])
def test_no_command_tells_a_secret(cli: Cli, guarded: str, away: bool) -> None:
    """Not when all is well, not when the server is away, and not with a traceback."""
    cli.env |= secrets(guarded + "-nowhere" if away else guarded) | {"GOPHER_REDIS_TIMEOUT": "1s"}
    for line in ASKS:
        for more in ([], ["--debug"]):
            ran = cli(*line, *more)
            assert SECRET not in ran.out + ran.err, line


@pytest.mark.parametrize(
    "environ",
    [
        {"REDIS_URL": f"redis://:{SECRET}@localhost:99999"},
        {"REDIS_URL": f"redsi://:{SECRET}@localhost"},
        {"REDIS_URL": f"redis://localhost?password={SECRET}"},
        {"REDIS_URL": f"redis://u:{SECRET}@[::1"},
        {"SMTP_URL": f"smtp:user:{SECRET}@mail"},
        {"REDIS_PASSWORD": f"{SECRET}\x07"},
        {"API_KEY": f"{SECRET}\x1b"},
    ],
    ids=lambda environ: next(iter(environ)),
)
def test_a_setting_that_is_refused_is_not_repeated_with_its_secret(cli: Cli, environ: dict[str, str]) -> None:
    cli.env |= environ
    for line in (["stats"], ["config", "show"], ["stats", "-o", "json"], ["stats", "--debug"]):
        ran = cli(*line)
        assert ran.code != 0 or line[0] == "config", line
        assert SECRET not in ran.out + ran.err


def test_a_password_that_is_wrong_is_not_repeated(cli: Cli, guarded: str) -> None:
    wrong = guarded.replace(SECRET, "other-" + SECRET[::-1])
    cli.env |= {"REDIS_URL": wrong}
    ran = cli("stats")

    assert ran.code == 77
    assert SECRET[::-1] not in ran.out + ran.err


def test_what_is_kept_in_redis_holds_no_secret(cli: Cli, guarded: str) -> None:
    cli.env |= secrets(guarded)
    cli("submit", "-t", "math", "op=add", "a:=1", "b:=2")
    burst = subprocess.run(
        [sys.executable, "-m", "gopher_cli", "worker", "--burst"],
        env={**os.environ, **cli.env},
        timeout=PATIENCE,
        check=False,
    )
    with Redis.from_url(guarded) as redis:
        kept = [redis.dump(key) for key in redis.scan_iter()]
        values = json.dumps([str(redis.hgetall(k)) for k in redis.scan_iter() if redis.type(k) == b"hash"])

    assert burst.returncode == 0
    assert kept and not any(SECRET.encode() in (dump or b"") for dump in kept)
    assert SECRET not in values
