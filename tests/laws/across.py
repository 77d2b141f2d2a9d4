"""The laws over all queues of a namespace, for whoever gives an id once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from gopher_cli.model.errors import BadData
from gopher_cli.store.asks.outbox import decode_entry
from laws.state import State


def check_across(states: Mapping[str, State]) -> None:
    """Raises AssertionError, which names the law that is broken."""
    an_id_is_in_one_queue(states)
    what_is_on_its_way_stands_nowhere_else(states)


def an_id_is_in_one_queue(states: Mapping[str, State]) -> None:
    times = Counter(id for state in states.values() for id in state.ids)
    twice = {id: [queue for queue, s in states.items() if id in s.ids] for id, n in times.items() if n > 1}
    assert not twice, f"{len(twice)} jobs are in two queues: {dict(list(twice.items())[:5])}"


def what_is_on_its_way_stands_nowhere_else(states: Mapping[str, State]) -> None:
    """A job may have arrived and not yet be crossed out; that is in its own queue, and in no other."""
    for state in states.values():
        for name, record in state.outbox.items():
            target, id = _target(name, record), name.partition(" ")[0]
            homes = [queue for queue, other in states.items() if id in other.ids]
            assert homes in ([], [target]), f"{id} is on its way to {target}, and in {homes}"


def _target(name: str, record: bytes) -> str:
    try:
        return decode_entry(name, record).job.queue
    except BadData:
        return ""
