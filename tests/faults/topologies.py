"""A master with replicas and sentinels, and clusters: servers made from one binary, on ports of their own."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from faults.shims import Control, with_disk
from redis import Redis, RedisError
from servers import free_port

from gopher_cli.embedded.place import binaries
from gopher_cli.store.routing.routes import SLOTS

PATIENCE = 60.0  # sentinels that stood still for 2 s say nothing for half a minute
_QUICK = """
sentinel down-after-milliseconds main 60000
sentinel failover-timeout main 5000
sentinel parallel-syncs main 1
"""


def until(holds: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(RedisError, IndexError, KeyError):
            if found := holds():
                return found
        assert time.monotonic() < end, f"{what}: not in time"
        time.sleep(0.02)


class Node:
    """One server of several. ``client`` is a plain look at it."""

    def __init__(self, home: Path, *words: str, port: int = 0, file: str = "") -> None:
        self.port = port or free_port()
        self.home = home / str(self.port)
        self.home.mkdir()
        self._words = [*words, "--logfile", str(self.home / "log")]
        if file:
            own = self.home / "conf"
            own.write_text(f"port {self.port}\nbind 127.0.0.1\ndir {self.home}\n{file}")
            self._words = [str(own), *self._words]
        self.control = Control(self.home / "control")
        self.control.quick_syncs()
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [binaries()[0], *self._words], start_new_session=True, env=self.control.environ(with_disk())
        )
        self.client = Redis(port=self.port, socket_timeout=60, decode_responses=True, retry=None)  # type: ignore[arg-type]
        until(self.client.ping, f"the server at {self.port}")

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"redis://{self.place}"

    def tell(self, *command: Any) -> Any:
        return self.client.execute_command(*command)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


def _data_node(home: Path, *words: str, port: int = 0) -> Node:
    port = port or free_port()
    own = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(home / str(port))]
    quick = ["--appendonly", "yes", "--save", "", "--repl-diskless-sync-delay", "0"]
    return Node(home, *own, *quick, *words, port=port)


class Watched:
    """A master, replicas, and three sentinels that watch it."""

    def __init__(self, home: Path, replicas: int = 1) -> None:
        self.home = home
        self.master = _data_node(home)
        of = ["--replicaof", f"127.0.0.1 {self.master.port}"]
        self.replicas = [_data_node(home, *of) for _ in range(replicas)]
        until(lambda: self.master.client.info("replication")["connected_slaves"] == replicas, "replicas")
        for one in self.replicas:
            until(lambda one=one: one.client.info("replication")["master_link_status"] == "up", "a link")
        self.sentinels = self._sentinels()
        for one in self.sentinels:
            until(lambda one=one: self._is_ready(one, replicas), "the sentinels")

    def _sentinels(self) -> list[Node]:
        """Three that know each other and the replicas from the start: to find out takes them seconds."""
        ports = {free_port() for _ in range(3)}
        known = [f"sentinel monitor main 127.0.0.1 {self.master.port} 2{_QUICK.rstrip()}"]
        known += [f"sentinel known-replica main 127.0.0.1 {one.port}" for one in self.replicas]
        made = []
        for port in ports:
            others = [f"sentinel known-sentinel main 127.0.0.1 {p} {p:040x}" for p in ports - {port}]
            file = "\n".join([f"sentinel myid {port:040x}", *known, *others, ""])
            made.append(Node(self.home, "--sentinel", port=port, file=file))
        return made

    @staticmethod
    def _is_ready(sentinel: Node, replicas: int) -> bool:
        (state,) = sentinel.client.sentinel_masters().values()
        return bool(state["num-slaves"] == replicas and state["num-other-sentinels"] == 2)

    @property
    def nodes(self) -> list[Node]:
        return [self.master, *self.replicas]

    @property
    def url(self) -> str:
        return f"redis+sentinel://{','.join(one.place for one in self.sentinels)}/main"

    def current(self) -> Node:
        """Whom the sentinels call the master now."""
        return self._said_by(self.sentinels[0])

    def agree_on(self, master: Node) -> bool:
        """Whether each of them sends us there; who hears of a fail-over late sends us to the old one."""
        return all(self._said_by(one) is master for one in self.sentinels)

    def _said_by(self, sentinel: Node) -> Node:
        _, port = sentinel.tell("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main")
        return next(node for node in self.nodes if node.port == int(port))

    def kill_master(self) -> None:
        """The sentinels see it soon. Else they are patient: who stands still for a second is not dead."""
        for one in self.sentinels:
            one.tell("SENTINEL", "SET", "main", "down-after-milliseconds", 1000)
        self.master.kill()

    def fail_over(self) -> None:
        """As an operator asks for it."""
        until(lambda: self.sentinels[0].tell("SENTINEL", "FAILOVER", "main"), "a fail-over")

    def took_over(self, old: Node) -> Node:
        """Waits for another master than this one, which says so of itself."""

        def new() -> Node | None:
            node = self.current()
            return node if node is not old and node.tell("ROLE")[0] == "master" else None

        found: Node = until(new, "a new master")
        return found

    def close(self) -> None:
        for node in [*self.sentinels, *self.nodes]:
            node.kill()


class Cluster:
    """Three masters that share the slots, each with as many replicas.

    They are patient with each other: who stands still for some seconds is not dead.
    """

    def __init__(self, home: Path, replicas: int = 0) -> None:
        self.home = home
        words = ["--cluster-enabled", "yes", "--cluster-node-timeout", "60000"]
        self.masters = [_data_node(home, *words) for _ in range(3)]
        self.replicas = [_data_node(home, *words) for _ in range(3 * replicas)]
        step = -(-SLOTS // 3)
        for n, node in enumerate(self.masters):
            node.tell("CLUSTER", "ADDSLOTSRANGE", n * step, min(SLOTS, (n + 1) * step) - 1)
            node.tell("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
        for node in self.nodes[1:]:
            node.tell("CLUSTER", "MEET", "127.0.0.1", self.masters[0].port)
        for node in self.nodes:
            until(lambda node=node: self._knows_all(node), "the cluster")
        for n, node in enumerate(self.replicas):
            master = self.masters[n % 3]
            until(lambda node=node, m=master: node.tell("CLUSTER", "REPLICATE", self.id(m)), "a replica")
        for node in self.nodes:
            until(lambda node=node: self.is_up(node), "the cluster")
        for node in self.replicas:
            until(lambda node=node: node.client.info("replication")["master_link_status"] == "up", "a link")

    @property
    def nodes(self) -> list[Node]:
        return [*self.masters, *self.replicas]

    def _knows_all(self, node: Node) -> bool:
        return len(node.tell("CLUSTER", "NODES").splitlines()) == len(self.nodes)

    @staticmethod
    def is_up(node: Node) -> bool:
        said = node.tell("CLUSTER", "INFO")
        return "cluster_state:ok" in said and f"cluster_slots_assigned:{SLOTS}" in said

    @staticmethod
    def id(node: Node) -> str:
        return str(node.tell("CLUSTER", "MYID"))

    @property
    def url(self) -> str:
        return f"redis+cluster://{','.join(node.place for node in self.masters)}"

    def owner(self, slot: int) -> Node:
        """The master that has this slot, as the first living node sees it."""
        for first, last, owner, *_ in self._slots():
            if first <= slot <= last:
                return next(node for node in self.nodes if node.port == owner[1])
        raise AssertionError(f"nobody has slot {slot}")

    def _slots(self) -> list[Any]:
        found: list[Any] = self.living[0].tell("CLUSTER", "SLOTS")
        return found

    @property
    def living(self) -> list[Node]:
        return [node for node in self.nodes if node.process.poll() is None]

    def kill(self, master: Node) -> None:
        """The others see it soon."""
        for node in self.nodes:
            node.tell("CONFIG", "SET", "cluster-node-timeout", 2000)
        master.kill()

    def moving(self, slot: int, to: Node, dice: Random) -> Iterator[str]:
        """Move a slot as people do, key by key in any order; each key as it goes."""
        source, name = self.owner(slot), self.id(to)
        to.tell("CLUSTER", "SETSLOT", slot, "IMPORTING", self.id(source))
        source.tell("CLUSTER", "SETSLOT", slot, "MIGRATING", name)
        while keys := source.tell("CLUSTER", "GETKEYSINSLOT", slot, 1000):
            dice.shuffle(keys)
            for key in keys:
                source.tell("MIGRATE", "127.0.0.1", to.port, key, 0, 60_000)
                yield key
        for node in (to, source, *(one for one in self.masters if one not in (to, source))):
            node.tell("CLUSTER", "SETSLOT", slot, "NODE", name)

    def move_at_once(self, slot: int, to: Node) -> None:
        """As Valkey 9 moves a slot: whole, at one instant."""
        source = self.owner(slot)
        source.tell("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", self.id(to))
        until(lambda: self.owner(slot) is to, "the slot has moved")

    def refusals(self) -> dict[str, int]:
        """How often clients were sent elsewhere, or to wait."""
        found: Counter[str] = Counter()
        for node in self.living:
            for name, times in node.client.info("errorstats").items():
                found[name.removeprefix("errorstat_")] += times["count"]
        return {code: found[code] for code in ("MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN") if found[code]}

    def close(self) -> None:
        for node in self.nodes:
            node.kill()


@contextmanager
def watched(replicas: int = 1) -> Iterator[Watched]:
    with TemporaryDirectory(prefix="gopher-watched-", dir="/tmp") as home:
        one = Watched(Path(home), replicas)
        try:
            yield one
        finally:
            one.close()


@contextmanager
def cluster(replicas: int = 0) -> Iterator[Cluster]:
    with TemporaryDirectory(prefix="gopher-cluster-", dir="/tmp") as home:
        one = Cluster(Path(home), replicas)
        try:
            yield one
        finally:
            one.close()
