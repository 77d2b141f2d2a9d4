"""The promises of the queue, checked over a whole history; each check yields what breaks it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from history import ENDED, FOREVER, SLACK, Check, History, Op, Run
from history.bonds import BONDS
from history.bounds import Bounds, exceeded
from history.linear import unexplained
from history.serial import NOWHERE, brakes_of, steps_of


def nothing_is_lost(history: History) -> Iterator[str]:
    """What was accepted is still there, alive or ended, or somebody asked for it to be deleted."""
    deleted = history.touched("purge")
    for id, op in history.submitted.items():
        if op.answer == "accepted" and id not in history.final and id not in deleted:
            yield f"{id} was accepted, and is gone"


def nothing_comes_from_nowhere(history: History) -> Iterator[str]:
    """A job was submitted before it ran, and whoever ran it had been given a lease."""
    leased = {(move.id, move.bare): move.stamp for move in history.moves if move.leased}
    for id in {*history.moves_of, *history.final} - set(history.submitted):
        yield f"{id} was never submitted"
    for run in history.runs:
        asked, given = history.submitted.get(run.id), leased.get((run.id, run.token))
        if asked is None or run.began < asked.began:
            yield f"{run.id} ran before it was submitted"
        if given is None or run.began < given - SLACK:
            yield f"{run.id} ran under {run.token} before it was leased"


def the_log_ends_in_what_is_there(history: History) -> Iterator[str]:
    """Else the log would be no witness."""
    last = {id: moves[-1].now for id, moves in history.moves_of.items()}
    for id in {*last, *history.final}:
        if last.get(id, "gone") != history.final.get(id, "gone"):
            yield f"{id} is {history.final.get(id)}; the log says {last.get(id)}"


def no_lease_is_started_twice(history: History) -> Iterator[str]:
    for (id, token), runs in history.runs_of.items():
        if len(runs) > 1:
            yield f"{id} was started {len(runs)} times under {token}"


def one_outcome_is_accepted(history: History) -> Iterator[str]:
    """Of all attempts one ends the job; only a requeue opens it again."""
    for id, moves in history.moves_of.items():
        ends = 0
        for move in moves:
            if (move.was in ("failed", "cancelled") and move.now == "enqueued") or move.now == "gone":
                ends = 0
            ends += move.settled and move.now in ENDED
            if ends > 1:
                yield f"{id} has ended {ends} times, in transaction {move.at} as {move.now}"


def only_the_last_token_is_accepted(history: History) -> Iterator[str]:
    """And it is accepted once."""
    for id, moves in history.moves_of.items():
        last = ""
        for move in moves:
            if move.leased:
                last = move.bare
            elif move.settled:
                if move.bare != last:
                    yield f"{id}: the outcome of {move.bare} was accepted; the last lease is {last or '-'}"
                last = ""


def what_is_completed_was_done(history: History) -> Iterator[str]:
    """The handler has come to its end under the accepted token, and the result is its own."""
    accepted = {}
    for move in history.moves:
        if move.settled and move.now == "completed":
            accepted[move.id] = move.bare
            if not any(run.said == "completed" for run in history.runs_of.get((move.id, move.bare), [])):
                yield f"{move.id} has completed, and no handler has under {move.bare}"
    for id, state in history.final.items():
        if state == "completed" and history.results.get(id) != accepted.get(id):
            yield f"{id} keeps the result of {history.results.get(id)}, not of {accepted.get(id)}"


def none_starts_before_it_is_due(history: History) -> Iterator[str]:
    """Unless an operator has brought it forward."""
    for id in set(history.submitted) - history.touched("requeue"):
        due = history.submitted[id].due
        for run in history.runs:
            if run.id == id and due and run.began < due - SLACK:
                yield f"{id} started {(due - run.began) / 1e9:.3f} s before it was due"
        for move in history.moves_of.get(id, []):
            if move.leased and due and move.stamp < due - SLACK:
                yield f"{id} was leased {(due - move.stamp) / 1e9:.3f} s before it was due"


def none_is_leased_from_a_paused_queue(history: History) -> Iterator[str]:
    """From when a pause has returned until a resume is asked for."""
    for queue, since, until in _pauses(history):
        for move in history.moves:
            in_it = since + SLACK < move.stamp < until - SLACK
            if move.leased and move.queue == queue and in_it:
                yield f"{move.id} was leased {(move.stamp - since) / 1e9:.3f} s into a pause"


def _pauses(history: History) -> Iterator[tuple[str, int, int]]:
    """Queues, and from when until when each was paused for sure."""
    for pause in (op for op in history.of("pause") if op.known):
        # A resume under way at the same time may have come after it.
        resumes = [
            op.began for op in history.of("resume") if op.queue == pause.queue and op.ended > pause.began
        ]
        yield pause.queue, pause.ended, min(resumes, default=FOREVER)


def jobs_of_one_client_keep_their_order(history: History) -> Iterator[str]:
    """Those of one queue and priority that could run at once, and that no operator has touched."""
    touched = history.touched("cancel", "requeue", "purge")
    lines: dict[tuple[str, str, int], list[Op]] = defaultdict(list)
    for id, op in history.submitted.items():
        if op.answer == "accepted" and not op.due and id not in touched:
            lines[op.client, op.queue, op.priority].append(op)
    first = {move.id: move.order for move in reversed(history.moves) if move.leased}
    for line in lines.values():
        latest: Op | None = None
        for op in sorted(line, key=lambda op: op.began):
            before = latest and latest.ended < op.began and op.id in first
            if before and first.get(latest.id, len(history.moves)) > first[op.id]:
                yield f"{op.id} was served before {latest.id}, which came first"
            if latest is None or first.get(op.id, len(history.moves)) > first.get(latest.id, 0):
                latest = op


def what_is_deleted_was_asked_for(history: History) -> Iterator[str]:
    """A purge takes a job only from the state that it names: never a running one."""
    asked = {(op.id, op.detail) for op in history.of("purge") if op.answer != "left"}
    for move in history.moves:
        if move.now == "gone" and (move.id, move.was) not in asked:
            yield f"{move.id} was {move.was}, and nobody asked for it to be deleted as such"


def a_serial_order_explains_every_job(history: History) -> Iterator[str]:
    for id in history.ops_of:
        if id and (step := unexplained(list(steps_of(history, id)), NOWHERE)):
            yield f"{id}: nothing explains {step.name}"


def a_serial_order_explains_the_pauses(history: History) -> Iterator[str]:
    for queue in {op.queue for op in history.of("pause", "resume")}:
        if step := unexplained(list(brakes_of(history, queue)), False):
            yield f"{queue}: nothing explains {step.name}"


CHECKS: tuple[Check, ...] = (
    nothing_is_lost,
    nothing_comes_from_nowhere,
    the_log_ends_in_what_is_there,
    no_lease_is_started_twice,
    one_outcome_is_accepted,
    only_the_last_token_is_accepted,
    what_is_completed_was_done,
    none_starts_before_it_is_due,
    none_is_leased_from_a_paused_queue,
    jobs_of_one_client_keep_their_order,
    what_is_deleted_was_asked_for,
    a_serial_order_explains_every_job,
    a_serial_order_explains_the_pauses,
)


@dataclass
class Verdict:
    """What was seen, and which promises were broken, by check."""

    figures: dict[str, int]
    broken: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {count}" for name, count in self.figures.items())
        wrong = "".join(f"\n  {name}: {what}" for name, all in self.broken.items() for what in all[:5])
        return f"{figures}; broken {len(self.broken)}{wrong}"


def check(history: History, bounds: Bounds | None = None) -> Verdict:
    broken = {one.__name__: said for one in (*CHECKS, *BONDS) if (said := list(one(history)))}
    if bounds and (late := list(exceeded(history, bounds))):
        broken["nothing_comes_too_late"] = late
    return Verdict(_figures(history), broken)


def _figures(history: History) -> dict[str, int]:
    settled = {(move.id, move.bare) for move in history.moves if move.settled}
    pauses = list(_pauses(history))
    said = [run for run in history.runs if run.said in ("completed", "raised")]
    return {
        "operations": len(history.ops),
        "accepted": sum(op.answer == "accepted" for op in history.of("submit")),
        "unknown": sum(not op.known for op in history.ops if op.kind != "follow"),
        "leases": sum(move.leased for move in history.moves),
        "lost leases": sum(move.lost for move in history.moves),
        "runs": len(history.runs),
        "begun in a pause": sum(_in_a_pause(history, pauses, run) for run in history.runs),
        "stopped runs": len(history.runs) - len(said),
        "refused outcomes": sum((run.id, run.token) not in settled for run in said),
        **{state: sum(now == state for now in history.final.values()) for state in ENDED},
        "purged": sum(move.now == "gone" for move in history.moves),
    }


def _in_a_pause(history: History, pauses: list[tuple[str, int, int]], run: Run) -> bool:
    """What was leased before a pause may begin in it: a worker fetches some milliseconds of work ahead."""
    queue = history.submitted[run.id].queue if run.id in history.submitted else ""
    return any(queue == paused and since < run.began < until for paused, since, until in pauses)
