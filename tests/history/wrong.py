"""Seeded violations: each takes a history that is right and makes one thing in it wrong.

Each answers None for a history that has nothing of the kind to spoil.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from history import FOREVER, SLACK, History, Move, Op, Run

Seed = Callable[[History], History | None]


def _without(things: list, one: object) -> list:
    return [thing for thing in things if thing is not one]


def _instead(things: list, one: object, other: object) -> list:
    return [other if thing is one else thing for thing in things]


def _runs(history: History, run: Run, **changed: object) -> History:
    return replace(history, runs=_instead(history.runs, run, replace(run, **changed)))


def _moves(history: History, move: Move, **changed: object) -> History:
    return replace(history, moves=_instead(history.moves, move, replace(move, **changed)))


def _ops(history: History, op: Op, **changed: object) -> History:
    return replace(history, ops=_instead(history.ops, op, replace(op, **changed)))


def an_accepted_job_vanishes(history: History) -> History | None:
    kept = (id for id, op in history.submitted.items() if op.answer == "accepted" and id in history.final)
    lost = next((id for id in kept if id not in history.touched("purge")), None)
    return lost and replace(history, final={i: s for i, s in history.final.items() if i != lost})


def a_job_runs_that_nobody_submitted(history: History) -> History | None:
    op = next((op for op in history.of("submit") if any(run.id == op.id for run in history.runs)), None)
    return op and replace(history, ops=[one for one in history.ops if one.id != op.id])


def a_job_runs_before_it_is_submitted(history: History) -> History | None:
    run = next(iter(history.runs), None)
    return run and _runs(history, run, began=history.submitted[run.id].began - 1)


def a_job_runs_without_a_lease(history: History) -> History | None:
    run = next((run for run in history.runs if not run.said), None)
    return run and _runs(history, run, token="w:forged")


def the_end_is_not_what_the_log_says(history: History) -> History | None:
    id = next((id for id, state in history.final.items() if state == "completed"), None)
    return id and replace(history, final={**history.final, id: "failed"})


def a_lease_is_started_twice(history: History) -> History | None:
    return history.runs and replace(history, runs=[*history.runs, history.runs[-1]])


def a_second_outcome_is_accepted(history: History) -> History | None:
    """A completed job completes again, under another token."""
    still = [move for move in history.moves if move.now == "completed" == history.final.get(move.id)]
    if not still:
        return None
    move = still[0]
    again = replace(move, was="completed", before=move.token, token="!w:other", order=len(history.moves))
    return replace(history, moves=[*history.moves, again])


def a_requeue_is_forgotten(history: History) -> History | None:
    """Then the job has ended twice in one life."""
    for move in history.moves:
        later = [one for one in history.moves_of[move.id] if one.order > move.order]
        ended = any(one.settled and one.now in ("completed", "failed") for one in later)
        ended &= not any(one.was in ("failed", "cancelled") and one.now == "enqueued" for one in later)
        first = [one for one in history.moves_of[move.id] if one.order < move.order]
        if move.was == "failed" and move.now == "enqueued" and ended and first[-1].settled:
            return replace(history, moves=_without(history.moves, move))
    return None


def an_old_token_is_accepted(history: History) -> History | None:
    for moves in history.moves_of.values():
        leases = [move for move in moves if move.leased]
        if len(leases) > 1 and moves[-1].settled:
            return _moves(history, moves[-1], token=f"!{leases[0].bare}")
    return None


def an_outcome_is_accepted_after_a_newer_lease(history: History) -> History | None:
    """The same moves in another order: the lease came first, and the older success after it."""
    for moves in history.moves_of.values():
        for lost, lease, end in zip(moves, moves[1:], moves[2:], strict=False):
            if lost.token.startswith("?") and lease.leased and end.settled:
                return _moves(history, end, token=f"!{lost.bare}")
    return None


def an_outcome_is_accepted_that_no_handler_had(history: History) -> History | None:
    done = {(move.id, move.bare) for move in history.moves if move.now == "completed"}
    run = next((run for run in history.runs if (run.id, run.token) in done), None)
    return run and _runs(history, run, said="raised")


def the_result_is_that_of_another_attempt(history: History) -> History | None:
    id = next((id for id, state in history.final.items() if state == "completed"), None)
    return id and replace(history, results={**history.results, id: "w:other"})


def a_job_starts_too_soon(history: History) -> History | None:
    brought = history.touched("requeue")
    late = (run for run in history.runs if run.id not in brought and history.submitted[run.id].due)
    run = next(late, None)
    return run and _runs(history, run, began=history.submitted[run.id].due - 2 * SLACK)


def a_job_is_leased_too_soon(history: History) -> History | None:
    brought = history.touched("requeue")
    for move in history.moves:
        due = history.submitted[move.id].due
        if move.leased and due and move.id not in brought:
            return _moves(history, move, stamp=due - 2 * SLACK)
    return None


def a_job_is_leased_in_a_pause(history: History) -> History | None:
    lease = next((move for move in history.moves if move.leased), None)
    for pause in history.of("pause"):
        resumes = [op.began for op in history.of("resume") if op.ended > pause.began]
        until = min(resumes, default=FOREVER)
        if lease and pause.known and until - pause.ended > 8 * SLACK:
            return _moves(history, lease, stamp=pause.ended + 3 * SLACK)
    return None


def a_later_job_is_served_first(history: History) -> History | None:
    """Two jobs of one client change places in the log."""
    touched = history.touched("cancel", "requeue", "purge")
    free = [op for op in history.submitted.values() if not op.due and op.id not in touched]
    first = {move.id: move for move in reversed(history.moves) if move.leased}
    for one in free:
        for two in free:
            same = (one.client, one.priority) == (two.client, two.priority) and one.ended < two.began
            if same and one.answer == two.answer == "accepted" and one.id in first and two.id in first:
                a, b = first[one.id], first[two.id]
                swapped = _moves(history, a, order=b.order)
                return _moves(swapped, b, order=a.order)
    return None


def a_running_job_is_purged(history: History) -> History | None:
    move = next((move for move in history.moves if move.now == "gone"), None)
    return move and _moves(history, move, was="processing")


def a_job_is_deleted_by_nobody(history: History) -> History | None:
    purges = [(op.id, op.detail) for op in history.of("purge") if op.answer != "left"]
    once = (op for op in history.of("purge") if purges.count((op.id, op.detail)) == 1)
    op = next((op for op in once if op.answer == "purged"), None)
    return op and replace(history, ops=_without(history.ops, op))


def a_cancelled_job_runs(history: History) -> History | None:
    """What brought it back is taken out of the history."""
    for op in history.of("requeue"):
        before = [one for one in history.ops_of[op.id] if one.kind == "cancel" and one.ended < op.began]
        after = [move for move in history.moves_of[op.id] if move.leased and move.stamp > op.ended + SLACK]
        others = [
            one for one in history.ops_of[op.id] if not one.known or (one.kind == "requeue" and one is not op)
        ]
        if before and before[-1].answer == "cancelled" and after and not others:
            return replace(history, ops=_without(history.ops, op))
    return None


def a_requeue_finds_what_was_deleted(history: History) -> History | None:
    for op in history.of("purge"):
        later = [one for one in history.ops_of[op.id] if one.began > op.ended and one.answer == "gone"]
        for one in later:
            if one.kind == "requeue" and op.answer == "purged":
                return _ops(history, one, answer="enqueued")
    return None


def a_second_client_pauses_what_is_paused(history: History) -> History | None:
    """And both hear that they have changed it."""
    pauses = [op for op in history.of("pause") if op.answer == "same"]
    for op in pauses:
        known = [one for one in history.of("pause", "resume") if one is not op]
        around = [one for one in known if one.ended >= op.began - SLACK and one.began <= op.ended + SLACK]
        if not around and op.known:
            return _ops(history, op, answer="changed")
    return None


# Which check must find it.
SEEDS: dict[Seed, str] = {
    an_accepted_job_vanishes: "nothing_is_lost",
    a_job_runs_that_nobody_submitted: "nothing_comes_from_nowhere",
    a_job_runs_before_it_is_submitted: "nothing_comes_from_nowhere",
    a_job_runs_without_a_lease: "nothing_comes_from_nowhere",
    the_end_is_not_what_the_log_says: "the_log_ends_in_what_is_there",
    a_lease_is_started_twice: "no_lease_is_started_twice",
    a_second_outcome_is_accepted: "one_outcome_is_accepted",
    a_requeue_is_forgotten: "one_outcome_is_accepted",
    an_old_token_is_accepted: "only_the_last_token_is_accepted",
    an_outcome_is_accepted_after_a_newer_lease: "only_the_last_token_is_accepted",
    an_outcome_is_accepted_that_no_handler_had: "what_is_completed_was_done",
    the_result_is_that_of_another_attempt: "what_is_completed_was_done",
    a_job_starts_too_soon: "none_starts_before_it_is_due",
    a_job_is_leased_too_soon: "none_starts_before_it_is_due",
    a_job_is_leased_in_a_pause: "none_is_leased_from_a_paused_queue",
    a_later_job_is_served_first: "jobs_of_one_client_keep_their_order",
    a_running_job_is_purged: "what_is_deleted_was_asked_for",
    a_job_is_deleted_by_nobody: "what_is_deleted_was_asked_for",
    a_cancelled_job_runs: "a_serial_order_explains_every_job",
    a_requeue_finds_what_was_deleted: "a_serial_order_explains_every_job",
    a_second_client_pauses_what_is_paused: "a_serial_order_explains_the_pauses",
}
