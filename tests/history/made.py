"""Histories that are right by construction: a serial world, by dice, seen through widened intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from history import FOREVER, History, Move, Op, Run

MS = 1_000_000
LEASE = 50 * MS


@dataclass
class _Job:
    id: str
    place: tuple[int, int]
    priority: int
    state: str = "gone"
    token: str = ""
    asked: bool = False
    due: int = 0
    losses: int = 0


@dataclass
class _Attempt:
    job: _Job
    token: str
    began: int
    ended: int = FOREVER
    said: str = ""


@dataclass
class Made:
    """``steps`` things happen, each at an instant; what clients see of them lies around it."""

    seed: int
    steps: int = 300
    now: int = 10**12
    paused: bool = False
    jobs: list[_Job] = field(default_factory=list)
    attempts: list[_Attempt] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)
    transactions: int = 0

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.free_at = {"ann": 0, "bob": 0, "cid": 0}

    def history(self) -> History:
        happen = [self._submit] * 5 + [self._fetch] * 5 + [self._finish] * 6 + [self._settle] * 5
        happen += [self._lose, self._promote, self._promote, self._cancel, self._requeue, self._purge]
        happen += [self._pause, self._resume, self._resume]
        for _ in range(self.steps):
            self.now += self.dice.randint(1, 4 * MS)
            self.transactions += 1
            self.dice.choice(happen)()
        runs = [Run(a.job.id, a.token, a.began, a.ended, a.said) for a in self.attempts]
        final = {job.id: job.state for job in self.jobs if job.state != "gone"}
        return History(self.ops, runs, self.moves, final, self.results)

    def _move(self, job: _Job, state: str, token: str | None = None) -> None:
        token, order = job.token if token is None else token, len(self.moves)
        stamp = self.now // MS * MS if state == "processing" else 0
        self.moves.append(
            Move(order, self.transactions, job.id, "default", job.state, state, job.token, token, stamp)
        )
        if state != "processing" and not token.startswith("?"):
            job.losses = 0  # it has come to an end, or is begun anew
        job.state, job.token, job.asked = state, token, False

    def _say(self, kind: str, answer: str, job: _Job | None = None, detail: str = "") -> None:
        """Somebody has asked for what has just happened. Now and then nobody hears the answer."""
        asks = [name for name, free_at in self.free_at.items() if free_at < self.now]
        client = self.dice.choice(asks) if asks else f"c{len(self.free_at)}"
        began = max(self.free_at.get(client, 0) + 1, self.now - self.dice.randint(0, 6 * MS))
        ended = self.now + self.dice.randint(0, 6 * MS)
        if self.dice.random() < 0.04:
            ended, answer = FOREVER, ""
        self.free_at[client] = ended
        given = {"id": job.id, "priority": job.priority, "due": job.due} if job else {}
        self.ops.append(Op(kind, client, began, ended, answer=answer, detail=detail, **given))

    def _any(self, *states: str) -> _Job | None:
        found = [job for job in self.jobs if not states or job.state in states]
        return self.dice.choice(found) if found else None

    def _submit(self) -> None:
        priority = self.dice.choice([4, 5, 5])
        job = _Job(f"j{len(self.jobs)}", (-priority, len(self.jobs)), priority)
        job.due = self.now + 20 * MS if self.dice.random() < 0.2 else 0
        self.jobs.append(job)
        self._move(job, "scheduled" if job.due else "enqueued")
        self._say("submit", "accepted", job)
        if self.dice.random() < 0.1:
            self.now += MS
            self._say("submit", "known", job)

    def _fetch(self) -> None:
        line = sorted((job for job in self.jobs if job.state == "enqueued"), key=lambda job: job.place)
        for job in [] if self.paused else line[: self.dice.randint(1, 3)]:
            token = f"w:{self.transactions}"
            self._move(job, "processing", token)
            # One in ten is fetched, and its worker dies before it starts.
            if self.dice.random() < 0.9:
                self.attempts.append(_Attempt(job, token, self.now + self.dice.randint(0, 3 * MS)))

    def _attempt(self, *said: str) -> _Attempt | None:
        found = [one for one in self.attempts if one.said in said and one.began < self.now]
        return self.dice.choice(found) if found else None

    def _finish(self) -> None:
        if one := self._attempt(""):
            one.said, one.ended = self.dice.choice(["completed", "completed", "raised"]), self.now

    def _settle(self) -> None:
        """Accepted, if the attempt is still the one; a success also if nobody newer has the job."""
        if not (one := self._attempt("completed", "raised")) or one.ended >= self.now:
            return
        job = one.job
        mine = job.state == "processing" and job.token == one.token
        late = job.token == f"?{one.token}" and job.state in ("enqueued", "failed")
        if one.said == "completed" and (mine or late):
            self._move(job, "completed", f"!{one.token}")
            self.results[job.id] = one.token
        elif one.said == "raised" and mine:
            word = "cancelled" if job.asked else "retrying"
            self._move(job, self.dice.choice([word, word, "failed"]), f"!{one.token}")

    def _lose(self) -> None:
        if job := self._any("processing"):
            # Only a run that had begun is to blame, and the third of them is the last.
            job.losses += any(a.job is job and a.token == job.token for a in self.attempts)
            state = "cancelled" if job.asked else "failed" if job.losses >= 3 else "enqueued"
            self._move(job, state, "" if job.asked else f"?{job.token}")

    def _promote(self) -> None:
        due: Iterable[_Job] = (job for job in self.jobs if job.state in ("scheduled", "retrying"))
        for job in due:
            if job.state == "retrying" or job.due <= self.now:
                self._move(job, "enqueued")

    def _cancel(self) -> None:
        if not (job := self._any()):
            return
        words = {"processing": "requested", "cancelled": "again"}
        word = words.get(job.state, job.state)
        if job.state == "processing":
            job.asked = True
        elif job.state in ("enqueued", "scheduled", "retrying"):
            word = "cancelled"
            self._move(job, "cancelled", "")
        self._say("cancel", word, job)

    def _requeue(self) -> None:
        job = self._any("failed", "cancelled") or self._any()
        if not job:
            return
        word = {"enqueued": "again"}.get(job.state, job.state)
        if job.state in ("failed", "cancelled", "retrying", "scheduled"):
            self._move(job, "enqueued", "" if job.state in ("failed", "cancelled") else None)
            word = "enqueued"
        self._say("requeue", word, job)

    def _purge(self) -> None:
        if not (job := self._any()):
            return
        named = job.state if job.state not in ("processing", "gone") else "failed"
        detail = self.dice.choice(["failed", "cancelled", "completed", "enqueued", named])
        there = job.state == detail
        if there:
            self._move(job, "gone", "")
            self.results.pop(job.id, None)
        self._say("purge", "purged" if there else "left", job, detail)

    def _pause(self) -> None:
        self._say("pause", "same" if self.paused else "changed")
        self.paused = True

    def _resume(self) -> None:
        self._say("resume", "changed" if self.paused else "same")
        self.paused = False
