"""Servers that exist on paper: what each says is written down, and who was asked what is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.routing import route_to
from gopher_cli.store.routing.routes import Cluster, Pause, Route, Send, Talk
from gopher_cli.store.url import parse_url

Said = Any


class Paper:
    """``says[place]`` is a list of what this place answers, one exchange after another; its last goes on
    for ever. An answer is a list, an error to raise, or a function of the commands. Who is not there
    refuses every connection.
    """

    def __init__(self, **places: Any) -> None:
        self.says = {place.replace("_", ":"): list(said) for place, said in places.items()}
        self.heard: list[tuple[str, list[tuple[Any, ...]]]] = []
        self.slept: list[float] = []

    def run(self, talk: Talk[Any]) -> Any:
        """Drive this talk to its end."""
        try:
            step = next(talk)
            while True:
                try:
                    said = self._step(step)
                except (OSError, Refusal) as error:
                    step = talk.throw(error)
                else:
                    step = talk.send(said)
        except StopIteration as end:
            return end.value

    def _step(self, step: Send | Pause) -> Any:
        if isinstance(step, Pause):
            self.slept.append(step.seconds)
            return None
        place = "{}:{}".format(*step.node.hosts[0])
        self.heard.append((place, [tuple(command) for command in step.commands]))
        lines = self.says.get(place)
        if not lines:
            raise ConnectionRefusedError(f"{place} refused")
        said = lines.pop(0) if len(lines) > 1 else lines[0]
        if isinstance(said, Exception):
            raise said
        return said(step.commands) if isinstance(said, Callable) else said  # type: ignore[arg-type]

    def asked(self, word: str) -> list[str]:
        """The places that were sent a command with this word, in order."""
        return [place for place, commands in self.heard if any(word in command for command in commands)]


def places(addresses: Sequence[Any]) -> list[str]:
    return ["{}:{}".format(*address.hosts[0]) for address in addresses]


def route(url: str) -> Route:
    return route_to(parse_url(url))


def cluster(*hosts: str) -> Cluster:
    made = route("redis+cluster://" + ",".join(hosts or ("a:1",)))
    assert isinstance(made, Cluster)
    return made


def slots(*ranges: tuple[int, int, str], **replicas: str) -> list[list[Sequence[Any]]]:
    """What CLUSTER SLOTS answers."""
    found = []
    for first, last, place in ranges:
        host, _, port = place.partition(":")
        nodes = [[host.encode() or None, int(port), b"id"]]
        for replica in filter(None, [replicas.get(host)]):
            name, _, number = replica.partition(":")
            nodes.append([name.encode(), int(number), b"id"])
        found.append([first, last, *nodes])
    return [found]  # type: ignore[list-item]


def echo(commands: Sequence[Any]) -> list[Any]:
    """Every command is answered with its last word."""
    return [command[-1] for command in commands]


def named(place: str, epoch: int = 1) -> list[Any]:
    """What a sentinel answers: the master, and in which election it was chosen."""
    return [place.encode().split(b":"), [b"name", b"main", b"config-epoch", str(epoch).encode()]]


MASTER, REPLICA = [[b"master", 0, []]], [[b"slave", b"x", 1, b"connected", 0]]
