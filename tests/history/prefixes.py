"""The log of a long and varied life, and what is stored after each of its transactions."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from driver import Queue
from laws.state import State, look
from laws.walk import Walk
from redis import Redis
from servers import Server, binaries_found, own_server

from history.aof import Transaction, newest, transactions
from history.story import tell

# A walk for each seed, in a namespace of its own: a few dozen jobs are looked at in no time.
WALKS = {f"walk-{seed}": seed for seed in (1, 2, 3, 4, 5)}
STORY = "story"
FIRST, *OTHERS = binaries_found()

Stored = dict[str, dict[str, State]]  # namespace, queue


@dataclass(frozen=True)
class Log:
    """``home`` is the directory that its server has left."""

    home: Path
    binary: str
    bytes: bytes
    transactions: list[Transaction]
    states: list[Stored]
    keep: TemporaryDirectory[str]

    def after(self, cut: int) -> Stored:
        """What is stored if nothing behind this byte is there: all that was whole by then."""
        return self.states[sum(one.end <= cut for one in self.transactions)]


@cache
def log_of(name: str) -> Log:
    """Written by a server of this name, and fed to another, which is looked at after every transaction."""
    binary, keep = binaries_found()[name], TemporaryDirectory(prefix="gopher-log-", dir="/tmp")
    home = Path(keep.name)
    with own_server(binary, "--appendfsync", "no") as server:
        with Redis.from_url(server.url) as redis:
            for namespace, seed in list(WALKS.items())[: None if name == FIRST else 1]:
                Walk(Queue(redis, namespace), seed).go(80, every=20)
        asyncio.run(tell(server.url, STORY))
        server.kill()
        shutil.copytree(server.home, home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("s"))
    written = newest(home).read_bytes()
    whole = list(transactions(written))
    return Log(home, binary, written, whole, list(_fed(binary, whole)), keep)


def _fed(binary: str, log: list[Transaction]) -> Iterator[Stored]:
    """To load a log is to run its commands in their order, and none of ours asks for the time.

    So one server that is fed the log goes through all that a crash at a boundary would have left.
    """
    with own_server(binary) as server, Redis.from_url(server.url) as redis:
        stored = stored_in(redis)
        yield stored
        for one in log:
            with redis.pipeline(transaction=True) as pipe:
                for command in one.commands:
                    pipe.execute_command(*command)
                pipe.execute()
            stored = stored | stored_in(
                redis, {command[1].split(b":")[0].decode() for command in one.commands}
            )
            yield stored


def stored_in(redis: Redis, namespaces: Iterable[str] = (*WALKS, STORY)) -> Stored:
    return {namespace: look(redis, namespace) for namespace in namespaces}


@contextmanager
def server_with(log: Log, left: bytes) -> Iterator[Server]:
    """One that has started with these bytes as its log."""
    with TemporaryDirectory(prefix="gopher-cut-", dir="/tmp") as name:
        shutil.copytree(log.home, name, dirs_exist_ok=True)
        newest(Path(name)).write_bytes(left)
        server = Server(Path(name), log.binary)
        try:
            yield server
        finally:
            server.kill()
