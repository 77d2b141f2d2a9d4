"""Every door of gopher before a cluster and before sentinels: nothing but the URL is another."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import laws
import pytest
from cli.running import Cli
from faults.topologies import Cluster, Watched, cluster, watched
from redis import Redis
from redis.cluster import RedisCluster
from test_up import Running, ask
from test_up import until as until_now
from worker.processes import Worker

from gopher_cli.producer import Producer
from gopher_cli.store.stores.threaded import SyncStore
from gopher_cli.store.url import parse_url


class Place:
    """Servers of one kind. ``port`` is of one that has data, and is no sentinel."""

    def __init__(self, of: Watched | Cluster) -> None:
        self.of, self.url = of, of.url
        self.port = of.masters[0].port if isinstance(of, Cluster) else of.master.port

    def whole(self) -> Any:
        kind = RedisCluster if isinstance(self.of, Cluster) else Redis
        return kind(host="127.0.0.1", port=self.port)


@pytest.fixture(scope="module", params=["sentinel", "cluster"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with watched() if request.param == "sentinel" else cluster() as one:
        yield Place(one)


@pytest.fixture
def lawful(place: Place, namespace: str) -> Iterator[None]:
    yield
    laws.check(place.whole(), namespace)


@pytest.fixture
def environ(namespace: str, tmp_path: Path) -> dict[str, str]:
    return {
        "GOPHER_NAMESPACE": namespace, "GOPHER_HOME": str(tmp_path / "home"), "HOME": str(tmp_path),
        "GOPHER_LEASE": "3s", "GOPHER_HEARTBEAT": "1s", "GOPHER_ASSUME_YES": "1",
    }  # fmt: skip


@pytest.fixture
def at(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Cli]:
    """``at(url)``: the command line with this URL."""
    monkeypatch.chdir(tmp_path)
    return lambda url: Cli(monkeypatch, environ | {"REDIS_URL": url})


def said(cli: Cli, *words: str) -> Any:
    ran = cli(*words, "-o", "json")
    assert ran.code == 0, (words, ran.err)
    return json.loads(ran.out)


def states(cli: Cli) -> dict[str, str]:
    return {job["job_id"]: job["status"] for job in said(cli, "jobs", "ls")["items"]}


def test_the_whole_command_line(place: Place, at: Callable[[str], Cli], lawful: None) -> None:
    cli = at(place.url)
    good = cli.id("-t", "math", "-p", '{"op":"add","a":20,"b":22}')
    other = cli.id("-t", "math", "-p", '{"op":"add","a":1,"b":1}', "--queue", "other", "--id", "other")
    bad = cli.id("-t", "math", "-p", '{"op":"divide","a":1,"b":0}', "--retries", "0")
    lines = "\n".join(
        json.dumps({"type": "math", "payload": {"op": "add", "a": n, "b": n}}) for n in range(30)
    )
    assert cli("submit", "--batch", "-", "--batch-id", "night", stdin=lines).code == 0
    assert cli("submit", "--batch", "-", "--batch-id", "night", stdin=lines).code == 0

    assert cli("queue", "pause", "other").code == 0
    assert cli("worker", "--burst", "--queue", "default,other", "--log-level", "error").code == 0
    assert said(cli, "inspect", good)["result"] == 42
    found = states(cli)
    assert (found[good], found[bad], found[other]) == ("completed", "failed", "enqueued")
    assert len(found) == 33
    assert [job["job_id"] for job in said(cli, "list-failed")["items"]] == [bad]

    assert cli("queue", "resume", "other").code == 0
    assert cli("requeue-dlq").code == 0
    assert states(cli)[bad] == "enqueued"
    assert cli("worker", "--burst", "--queue", "default,other", "--log-level", "error").code == 0
    assert states(cli)[other] == "completed"
    assert cli("retry-all").code == 0
    assert states(cli)[bad] == "enqueued"
    assert cli("cancel", bad).code == 0
    later = cli.id("-t", "math", "--in", "1h")
    assert cli("purge", "--state", "scheduled").code == 0
    assert cli("inspect", later).code == 3
    assert said(cli, "stats")["completed"] == 32
    assert sorted(queue["queue"] for queue in said(cli, "queue", "ls")) == ["default", "other"]
    for words in (("health",), ("workers",), ("types",)):
        assert cli(*words).code == 0, (words, cli(*words).err)
    # A busy machine may earn a warning for its round trip. Sentinels that it has stopped call each other
    # dead, until they have heard of each other again.
    until_now(lambda: "critical\t" not in cli("doctor").out)
    assert cli("doctor").out.count("the counters agree") == 2


def test_a_worker_and_the_http_server(
    place: Place, environ: dict[str, str], at: Callable[[str], Cli], tmp_path: Path, lawful: None
) -> None:
    passed = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    cli, mine = at(place.url), environ | passed | {"REDIS_URL": place.url}
    worker = Worker(mine, "--queue", "one,two,three", "--poll-interval", "30s")
    server = Running(("serve", "--port", "0"), mine, tmp_path)
    try:
        worker.heard("serving")
        url, took = server.url(), []
        for n in range(9):
            began = time.monotonic()
            queue = ("one", "two", "three")[n % 3]
            made = ask(
                f"{url}/api/v1/jobs",
                {"type": "math", "payload": {"op": "add", "a": n, "b": n}, "queue": queue},
            )
            job = f"{url}/api/v1/jobs/{made['job_id']}"
            until_now(lambda job=job: ask(job)["status"] == "completed")
            took.append(time.monotonic() - began)
        assert ask(f"{url}/health")["status"]
        assert ask(f"{url}/api/v1/stats")
        assert len(said(cli, "workers")) == 1
        print(f"{place.url[:14]}: submitted, run, seen: {min(took) * 1000:.0f} to {max(took) * 1000:.0f} ms")
        assert sorted(took)[4] < 10  # nobody waits for the poll interval of 30 s
    finally:
        assert server.end() == 0
        worker.kill()


def test_threads_share_one_producer(place: Place, namespace: str, lawful: None) -> None:
    producer = Producer(store=SyncStore(parse_url(place.url)), namespace=namespace)
    with producer, ThreadPoolExecutor(8) as pool:
        queues = [f"q{n % 5}" for n in range(200)]
        ids = list(pool.map(lambda queue: producer.submit("mail", queue=queue), queues))
    assert len(set(ids)) == 200
    assert sum(place.whole().hlen(f"{namespace}:{{q{n}}}:meta") for n in range(5)) == 200


def test_a_child_process_does_not_speak_on_the_lines_of_its_parent(
    place: Place, namespace: str, lawful: None
) -> None:
    with Producer(store=SyncStore(parse_url(place.url)), namespace=namespace) as producer:
        producer.submit("mail", id="before")
        child = os.fork()
        if not child:
            os._exit(producer.submit("mail", id="child") != "child")
        for n in range(20):
            producer.submit("mail", id=f"j{n}")
        assert os.waitpid(child, 0)[1] == 0
    assert place.whole().hlen(f"{namespace}:{{default}}:meta") == 22


# Wrong addresses


DEAD = "127.0.0.1:1"


@pytest.mark.row("C8")
def test_a_seed_that_is_down_costs_nothing_and_all_of_them_are_unreachable(
    place: Place, at: Callable[[str], Cli], lawful: None
) -> None:
    scheme, _, hosts = place.url.partition("://")
    assert at(f"{scheme}://{DEAD},{hosts}").id("-t", "mail", "--id", "one") == "one"

    name = "/main" if "sentinel" in scheme else ""
    ran = at(f"{scheme}://{DEAD}{name}")("submit", "-t", "mail")
    assert ran.code == 69
    assert f"cannot reach Redis at {scheme}://{DEAD}{name} (connection refused)" in ran.err


@pytest.mark.row("C8")
def test_an_address_of_the_wrong_kind_is_told_with_the_right_one(
    place: Place, at: Callable[[str], Cli]
) -> None:
    lone = f"127.0.0.1:{place.port}"
    if isinstance(place.of, Cluster):
        wrong = {
            f"redis://{lone}": (
                f"is one node of a cluster\nhint: point REDIS_URL at the cluster: redis+cluster://{lone}"
            ),
            f"redis+sentinel://{lone}/main": "is not a sentinel\nhint: name the sentinels: redis+sentinel://",
        }
        queues = [f"q{n}" for n in range(6)]  # some of them live on this node
    else:
        watchman = place.of.sentinels[0].place
        wrong = {
            f"redis+cluster://{lone}": f"is not a cluster\nhint: point REDIS_URL at the server: redis://{lone}",
            f"redis+sentinel://{watchman}/wrong": "know no master 'wrong'",
            f"redis://{watchman}": "a sentinel",
        }
        queues = ["default"]
    for url, why in wrong.items():
        ran = [at(url)("submit", "-t", "mail", "--queue", queue) for queue in queues]
        assert {one.code for one in ran} <= {0, 78}, (url, [one.err for one in ran])
        assert any(why in one.err for one in ran), (url, [one.err for one in ran])
