"""Promises about jobs that belong together: follow-ups, those that come after others, those with one key;
and what a death may be blamed on. Each check yields what breaks it."""

from __future__ import annotations

from collections.abc import Iterator

from history import ENDED, Check, History, Move

MAX_LOSSES = 3


def a_follow_up_comes_once(history: History) -> Iterator[str]:
    """Whatever becomes of it, also when it is forgotten: nobody but its parent makes it."""
    for op in history.of("follow"):
        times = [move.at for move in history.moves_of.get(op.id, []) if move.was == "gone"]
        if len(times) > 1:
            yield f"{op.id} was accepted {len(times)} times, in transactions {times}"


def a_follow_up_comes_with_the_end_of_its_parent(history: History) -> Iterator[str]:
    """It comes if that end was accepted under the token that it was asked for, and else never."""
    ends = {
        (move.id, move.bare): move.order for move in history.moves if move.settled and move.now == "completed"
    }
    for op in history.of("follow"):
        came = next((move for move in history.moves_of.get(op.id, []) if move.was == "gone"), None)
        end = ends.get((op.detail, op.by))
        if end is not None and came is None:
            yield f"{op.id} never came, and its parent has ended under {op.by}"
        if came is not None and (end is None or came.order < end):
            yield f"{op.id} came, and its parent had not ended under {op.by}"


def none_starts_before_those_it_comes_after(history: History) -> Iterator[str]:
    """Unless an operator has put it forward, or taken away what it waits for."""
    forward = history.touched("requeue", "purge", "cancel")
    for op in history.of("submit", "follow"):
        first = next((move.order for move in history.moves_of.get(op.id, []) if move.leased), None)
        for parent in op.after if first is not None and op.id not in forward else ():
            moves = history.moves_of.get(parent, [])
            done = [move.order for move in moves if move.now == "completed"]
            if parent not in forward and (not done or done[0] > first):
                yield f"{op.id} was leased before {parent}, which it comes after, had completed"


def two_with_one_key_do_not_live_at_a_time(history: History) -> Iterator[str]:
    alive: dict[tuple[str, str], str] = {}
    lock_of = {op.id: op.lock for op in history.of("submit", "follow") if op.lock and op.answer != "locked"}
    for move in history.moves:
        if not (lock := lock_of.get(move.id)):
            continue
        key = (move.queue, lock)
        if move.now in (*ENDED, "gone"):
            if alive.get(key) == move.id:
                del alive[key]
        elif alive.setdefault(key, move.id) != move.id:
            yield f"{move.id} and {alive[key]} live with one key, in transaction {move.at}"


def only_what_had_begun_is_poison(history: History) -> Iterator[str]:
    """A job dies of its losses when so many of its runs had begun, with no end of its own in between."""
    for id, moves in history.moves_of.items():
        begun = 0
        for move in moves:
            begun = _begun(history, move, begun)
            if move.lost and move.now == "failed" and begun < MAX_LOSSES:
                yield f"{id} died of its losses, and {begun} of its runs had begun"


def _begun(history: History, move: Move, before: int) -> int:
    if move.lost:
        return before + bool(history.runs_of.get((move.id, move.bare)))
    put_back = move.was in ("failed", "cancelled") and move.now == "enqueued"
    return 0 if move.settled or put_back or move.was == "gone" else before


BONDS: tuple[Check, ...] = (
    a_follow_up_comes_once,
    a_follow_up_comes_with_the_end_of_its_parent,
    none_starts_before_those_it_comes_after,
    two_with_one_key_do_not_live_at_a_time,
    only_what_had_begun_is_poison,
)
