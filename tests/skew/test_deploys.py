"""Two versions of gopher side by side on one queue, as in every deploy: two installs, processes, load."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import builders
import msgspec
import pytest
from faults.ledger import PLACE, Ledger
from faults.verdict import settled
from redis import Redis
from skew.newer import FLAVOUR, MINOR, MORE, VERSION, install
from worker.processes import TESTS, Worker, ends, until

from gopher_cli import __version__
from gopher_cli.gopher import Gopher
from gopher_cli.store.calls.call import text
from gopher_cli.store.schema_version import OURS

pytestmark = [pytest.mark.anyio, pytest.mark.row("W27")]


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A newer gopher, installed from its wheel."""
    return install(tmp_path_factory.mktemp("newer"))


class Deploy:
    """Processes of either version. ``accepted`` are the jobs that submitters were told are stored."""

    def __init__(self, environ: dict[str, str], newer: Path, home: Path) -> None:
        self.ledger, self._home, self._newer = Ledger(home / "ledger"), home, newer
        self._environ = environ | {PLACE: str(self.ledger.path), "PYTHONSAFEPATH": "1"}
        self._processes: list[subprocess.Popen[Any]] = []

    def environ(self, version: str) -> dict[str, str]:
        place = self._newer if version == VERSION else TESTS.parent
        return self._environ | {"PYTHONPATH": f"{place}:{TESTS}"}

    def worker(self, version: str, *words: str) -> Worker:
        one = Worker(self.environ(version), "--app", "faults.jobs:app", "--log-level", "info", *words)
        self._processes.append(one.process)
        one.heard("serving")
        return one

    def submitter(self, version: str) -> None:
        one = subprocess.Popen(
            [sys.executable, "-m", "skew.submitting", str(self._home / "enough")],
            env=self.environ(version), stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self._processes.append(one)
        assert one.stdout and one.stdout.readline().strip() == version

    async def more(self, count: int) -> None:
        """Until so many more jobs were accepted."""
        aim = len(self.ledger.accepted()) + count
        await until(lambda: len(self.ledger.accepted()) >= aim)

    async def enough(self) -> None:
        """The submitters come to their end."""
        (self._home / "enough").touch()
        submitters = [one for one in self._processes if one.stdout]
        await until(lambda: all(one.poll() is not None for one in submitters))
        assert [one.returncode for one in submitters] == [0] * len(submitters)

    def end(self) -> None:
        for one in self._processes:
            if one.poll() is None:
                one.kill()
            one.wait()


@pytest.fixture
def deploy(environ: dict[str, str], newer: Path, tmp_path: Path) -> Iterator[Deploy]:
    one = Deploy(environ, newer, tmp_path)
    yield one
    one.end()


def raw(redis: Redis, gopher: Gopher, name: str) -> dict[str, str]:
    return {text(id): text(value) for id, value in redis.hgetall(gopher.keys("default")[name]).items()}


def is_newer(spec: str) -> bool:
    return FLAVOUR in msgspec.json.decode(spec)


async def test_a_rolling_deploy_under_load_loses_nothing(
    gopher: Gopher, redis: Redis, namespace: str, deploy: Deploy
) -> None:
    old = deploy.worker(__version__)
    deploy.submitter(__version__), deploy.submitter(VERSION)
    await deploy.more(50)
    new = deploy.worker(VERSION)
    old.heard("a little newer")
    await deploy.more(50)
    old.signal(signal.SIGTERM)
    assert old.ended() == 0
    await deploy.more(50)
    deploy.worker(__version__)  # the deploy is taken back
    new.signal(signal.SIGTERM)
    assert new.ended() == 0
    await deploy.more(50)
    await deploy.enough()

    verdict = await settled(redis, namespace, gopher, deploy.ledger)
    assert verdict.completed == verdict.accepted and not verdict.extra_runs
    specs, records = raw(redis, gopher, "spec"), raw(redis, gopher, "meta")
    newer = {id for id in specs if is_newer(specs[id])}
    assert newer and specs.keys() - newer
    assert {id for id in records if records[id].endswith(MORE)} == newer


async def test_what_a_newer_gopher_has_stored_survives_all_that_an_older_one_does_with_it(
    gopher: Gopher, redis: Redis, deploy: Deploy
) -> None:
    """Retried, failed, cancelled, requeued, moved to another queue."""
    lines = [
        '{"id":"flaky","type":"flaky"}',
        '{"id":"dead","type":"fail"}',
        '{"id":"late","type":"quick","in":"1h"}',
    ]
    subprocess.run(
        [sys.executable, "-m", "gopher_cli", "submit", "--batch", "-"],
        env=deploy.environ(VERSION), input="\n".join(lines), capture_output=True, text=True, check=True,
    )  # fmt: skip
    deploy.worker(__version__)
    assert (await ends(gopher, "flaky")).attempts == 2
    assert (await ends(gopher, "dead", "failed")).attempts == 4
    assert builders.words(await gopher.cancel("default", ["late"])) == {"late": "cancelled"}
    assert builders.words(await gopher.retry("default", ["late"])) == {"late": "enqueued"}
    await ends(gopher, "late")

    records, specs = raw(redis, gopher, "meta"), raw(redis, gopher, "spec")
    assert all(record.endswith(MORE) for record in records.values()), records
    assert all(map(is_newer, specs.values())), specs
    assert builders.words(await gopher.move("default", ["dead"], "elsewhere")) == {"dead": "enqueued"}
    assert is_newer(text(redis.hget(gopher.keys("elsewhere")["spec"], "dead")))


async def test_a_follow_up_that_a_newer_gopher_has_left_reaches_its_queue_whole(
    gopher: Gopher, redis: Redis
) -> None:
    spec = '["mail",{"to":"Ann"},5,null,null,{"colour":"red"},"salted"]'
    record = f'{{"id":"child","queue":"letters","spec":{spec},"due":0.0,"delay":0.0,"shape":"round"}}'
    await gopher.announce(["default"])
    redis.hset(gopher.keys("default")["outbox"], "child", record)

    assert await gopher.relay("default") == 1

    assert redis.hget(gopher.keys("letters")["spec"], "child") == spec.encode()
    assert (await gopher.inspect("letters", "child")).payload == {"to": "Ann"}


def test_a_newer_worker_raises_the_minor_and_an_older_submit_leaves_it(
    environ: dict[str, str], deploy: Deploy, redis: Redis, namespace: str, cli: Callable[..., Any]
) -> None:
    cli("submit", "-t", "quick")
    deploy.worker(VERSION, "--burst").ended()
    raised = redis.hget(f"{namespace}:{{~}}:meta", "schema")

    assert cli("submit", "-t", "quick").code == 0

    assert (
        redis.hget(f"{namespace}:{{~}}:meta", "schema")
        == raised
        == f"{OURS.major}.{MINOR};{VERSION}".encode()
    )
