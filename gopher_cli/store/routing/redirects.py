"""How commands reach those who must have them, and come back: redirections, repeats, scripts that are not
known yet.

Everything that gopher sends may be sent twice with the effect of once. So what was lost on the way is sent
again: once to a lone server, for two seconds where another server may take over. No I/O (see routing).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from gopher_cli.store.asks.ask import Ask, Command
from gopher_cli.store.calls.call import Call, evalsha
from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.routing.routes import Cluster, Pause, Route, Send, Talk
from gopher_cli.store.url import Address

T = TypeVar("T")
_ANYWHERE = "{~}"  # where the fleet is: one clock for all who ask for the time
_KEYLESS = (
    "TIME", "INFO", "CONFIG", "PING", "CLUSTER", "SENTINEL", "SCRIPT", "ACL", "COMMAND", "SCAN", "DBSIZE",
    "ROLE",
)  # fmt: skip


class Parcel(NamedTuple):
    """Commands that travel together, to where a key lives."""

    key: str
    commands: Sequence[Sequence[Any]]


def run_calls(
    route: Route,
    calls: Sequence[Call[Any]],
    closing: Sequence[Command] = (),
    patience: float | None = None,
) -> Talk[list[list[Any]]]:
    """For each what Redis answers to it, and to the ``closing`` commands that follow on its connection.

    A script that Redis does not know is sent whole.
    """
    parcels = [Parcel(c.keys[0], (evalsha(c), *closing)) for c in calls]
    answers = yield from deliver(route, parcels, patience)
    unknown = [i for i, (first, *_) in enumerate(answers) if _is_unknown(first)]
    if unknown:
        again = [Parcel(calls[i].keys[0], (evalsha(calls[i], whole=True), *closing)) for i in unknown]
        for i, answer in zip(unknown, (yield from deliver(route, again, patience)), strict=True):
            answers[i] = answer
    return answers


def _is_unknown(answer: Any) -> bool:
    return isinstance(answer, Refusal) and answer.code == "NOSCRIPT"


def run_ask(route: Route, ask: Ask[Any]) -> Talk[list[Any]]:
    """What Redis answers to each command. One without a key goes along with the first that has one."""
    keys = [None if command[0] in _KEYLESS else str(command[1]) for command in ask.commands]
    if not route.scattered or len(set(keys)) == 1:
        together = Parcel(next((key for key in keys if key), _ANYWHERE), ask.commands)
        return (yield from deliver(route, [together]))[0]
    home = next((key for key in keys if key), _ANYWHERE)
    parcels = [Parcel(key or home, (command,)) for key, command in zip(keys, ask.commands, strict=True)]
    return [answer for (answer,) in (yield from deliver(route, parcels))]


def masters(route: Route) -> Talk[list[Address]]:
    """Every server that has a part of the keys. Raises as `deliver` does."""
    for pause in route.pauses:
        try:
            return (yield from route.masters())
        except ConnectionError:
            route.lost()
        except Refusal as refusal:
            if not route.heed(refusal):
                raise
        if pause:
            yield Pause(pause)
    return (yield from route.masters())


def run_at(node: Address, ask: Ask[Any]) -> Talk[list[Any]]:
    """What this very server answers, wherever keys live."""
    try:
        return (yield Send(node, ask.commands))  # type: ignore[no-any-return]
    except ConnectionError:
        return (yield Send(node, ask.commands))  # type: ignore[no-any-return]


def resumed(talk: Talk[T], outcome: Any) -> Send | Pause:
    """The second step of a talk whose first was taken before it began; ``outcome`` is what came of it."""
    next(talk)
    return talk.throw(outcome) if isinstance(outcome, Exception) else talk.send(outcome)


def deliver(route: Route, parcels: Sequence[Parcel], patience: float | None = None) -> Talk[list[list[Any]]]:
    """The answers to each parcel. Raises OSError, or a Refusal of the connection, after the last try."""
    answers: list[list[Any]] = [[]] * len(parcels)
    waiting: Sequence[int] = range(len(parcels))
    for pause in route.pauses:
        waiting, _ = yield from _attempt(route, parcels, waiting, answers, patience)
        if not waiting:
            return answers
        if pause:
            yield Pause(pause)
    _, error = yield from _attempt(route, parcels, waiting, answers, patience)
    if error is not None:
        raise error
    return answers


def _attempt(
    route: Route,
    parcels: Sequence[Parcel],
    waiting: Sequence[int],
    answers: list[list[Any]],
    patience: float | None,
) -> Talk[tuple[list[int], Exception | None]]:
    """Which are to be tried again, and what has become of the last of them that nobody answered."""
    again: list[int] = []
    failed: Exception | None = None
    try:
        nodes = yield from route.locate([parcels[i].key for i in waiting])
    except ConnectionError as error:
        return list(waiting), error
    except Refusal as refusal:
        if not route.heed(refusal):
            raise
        return list(waiting), refusal
    for node, mine in _apart(nodes, waiting):
        try:
            said = yield Send(node, [command for i in mine for command in parcels[i].commands], patience)
        except ConnectionError as error:
            route.lost(node)
            again, failed = again + mine, error
            continue
        except Refusal as refusal:  # the connection itself
            if not route.heed(refusal):
                raise
            again, failed = again + mine, refusal
            continue
        except OSError:  # it took too long: whoever asked has waited enough
            route.lost(node)
            raise
        at = 0
        for i in mine:
            size = len(parcels[i].commands)
            answers[i] = said[at : at + size]
            at += size
        again += yield from _redirected(route, parcels, mine, answers, patience)
    return again, failed


def _redirected(
    route: Route,
    parcels: Sequence[Parcel],
    mine: Sequence[int],
    answers: list[list[Any]],
    patience: float | None,
) -> Talk[list[int]]:
    """Those of these that must be tried again. A key that is just being moved is asked for where it goes."""
    again = []
    for i in mine:
        refusal = next((answer for answer in answers[i] if isinstance(answer, Refusal)), None)
        if refusal is None or not route.heed(refusal):
            continue
        if refusal.code == "ASK" and isinstance(route, Cluster):
            node = route.asked_at(str(refusal).split(" ")[2])
            asking = [part for command in parcels[i].commands for part in (("ASKING",), command)]
            try:
                answers[i] = (yield Send(node, asking, patience))[1::2]
            except OSError:
                again.append(i)
                continue
            refusal = next((answer for answer in answers[i] if isinstance(answer, Refusal)), None)
            if refusal is None or not route.heed(refusal):
                continue
        again.append(i)
    return again


def _apart(nodes: Sequence[Address], waiting: Sequence[int]) -> list[tuple[Address, list[int]]]:
    if len(nodes) == 1:
        return [(nodes[0], [waiting[0]])]
    groups: dict[Address, list[int]] = {}
    for node, i in zip(nodes, waiting, strict=True):
        groups.setdefault(node, []).append(i)
    return list(groups.items())
