"""The server's own log, read: its transactions, and what each of them moved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gopher_cli.store.keyspace import PLACES
from gopher_cli.store.record import read_record
from history import Move

_KEY = re.compile(rb"(?P<namespace>[^{]+):\{(?P<queue>[^}]+)\}:(?P<name>.+)")
Command = list[bytes]


@dataclass(frozen=True, slots=True)
class Transaction:
    """Commands that take effect together; in the file they end at ``end``."""

    commands: list[Command]
    end: int


def newest(home: Path) -> Path:
    """The file that a server in this directory appends to: a list of files, or the one file of old."""
    parts = sorted(home.glob("appendonlydir/*.incr.aof"), key=lambda file: file.stat().st_mtime)
    return [home / "appendonly.aof", *parts][-1]


def transactions(log: bytes) -> Iterator[Transaction]:
    """What is whole in it: a script writes MULTI … EXEC, a command alone stands for itself."""
    open: list[Command] | None = None
    for command, end in _commands(log):
        match command[0].upper():
            case b"MULTI":
                open = []
            case b"EXEC":
                yield Transaction(open or [], end)
                open = None
            case b"SELECT":
                pass
            case _ if open is not None:
                open.append(command)
            case _:
                yield Transaction([command], end)


def _commands(log: bytes) -> Iterator[tuple[Command, int]]:
    at = 0
    while at < len(log):
        count, at = _number(log, at)
        words = []
        for _ in range(count):
            size, at = _number(log, at)
            words.append(log[at : at + size])
            at += size + 2
        yield words, at


def _number(log: bytes, at: int) -> tuple[int, int]:
    while log[at : at + 1] == b"#":  # a note of the server's own
        at = log.index(b"\n", at) + 1
    end = log.index(b"\r\n", at)
    return int(log[at + 1 : end]), end + 2


class Mirror:
    """The places and records of a namespace, as its log makes them."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace.encode()
        self.places: dict[tuple[str, str], str] = {}
        self.records: dict[tuple[str, str], str] = {}

    def take(self, commands: Iterable[Command]) -> list[tuple[str, str]]:
        """Answers the jobs, as (queue, id), that these commands speak of, in their order."""
        touched: dict[tuple[str, str], None] = {}
        for command in commands:
            key = _KEY.fullmatch(command[1]) if len(command) > 1 else None
            if key and key["namespace"] == self._namespace:
                for id in self._write(command, key["queue"].decode(), key["name"].decode()):
                    touched[key["queue"].decode(), id] = None
        return list(touched)

    def _write(self, command: Command, queue: str, name: str) -> list[str]:
        verb, words = command[0].upper(), [word.decode("utf-8", "backslashreplace") for word in command[2:]]
        ids: list[str] = []
        if name in PLACES and verb in (b"ZADD", b"ZREM", b"ZINCRBY"):
            ids = words[1::2] if verb != b"ZREM" else words
            for id in ids:
                if verb != b"ZREM":
                    self.places[queue, id] = name
                elif self.places.get((queue, id)) == name:
                    del self.places[queue, id]
        elif name == "meta" and verb == b"HSET":
            ids = words[0::2]
            self.records |= {(queue, id): line for id, line in zip(ids, words[1::2], strict=True)}
        elif name == "meta" and verb == b"HDEL":
            ids = words
            for id in ids:
                self.records.pop((queue, id), None)
        return ids

    def state(self, job: tuple[str, str]) -> str:
        return PLACES[self.places[job]] if job in self.places else "gone"


def moves(log: Iterable[Transaction], namespace: str, clock: int = 0) -> Iterator[Move]:
    """What each transaction moved, in its order. ``clock``: the server's time less the monotonic, ns."""
    mirror, seen, order = Mirror(namespace), {}, 0
    for at, transaction in enumerate(log):
        for job in mirror.take(transaction.commands):
            was = seen.get(job, ("gone", ""))
            record = read_record(mirror.records.get(job, ""))
            seen[job] = is_now = (mirror.state(job), record.token)
            if was == is_now:
                continue
            stamp = record.started * 1_000_000 - clock if is_now[0] == "processing" else 0
            yield Move(order, at, job[1], job[0], was[0], is_now[0], was[1], is_now[1], stamp)
            order += 1
