"""What may be done to the schedules of a queue, and what must come of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from gopher_cli.model.job.job import Job
from gopher_cli.model.schedule.schedule_state import HistoryEntry, Pause, Standing
from gopher_cli.store import calls
from gopher_cli.store.asks.schedules import read_standing
from gopher_cli.store.calls.schedules import Missed, Run
from gopher_cli.store.calls.submit import head_of
from gopher_cli.store.codec import encode_spec
from laws.ground import Ground
from laws.state import State

MOST = 2  # schedules of a queue
_KEPT = 20
_WHY = '["ann","why;not"]'


class Seen(NamedTuple):
    """What somebody has read of a schedule; it may be older than what there is now."""

    revision: str = ""
    tick: str = ""


class Schedules(Ground):
    def seen(self, name: str) -> Seen:
        state = self.whole()
        tick = state.ticks.get(name)
        revision = state.schedules.get(name, b"").partition(b";")[0].decode()
        return Seen(revision, "" if tick is None else f"{tick:.0f}")

    def change(self, name: str, what: str, seen: Seen, next_ms: int | None, text: str = "{}") -> None:
        """``what`` as the script takes it; the tick then is so many ms from now on."""
        before, now = self.whole(), self.queue.now
        standing = read_standing(before.runs.get(name))
        counts = what in ("count", "restart", "resume")
        last = max(now, standing.last) if counts else None
        next = "" if next_ms is None or what in ("pause", "remove") else str(max(now, last or 0) + next_ms)
        if what == "define":
            next = self.seen(name).tick
        definition = text.encode() if what in ("define", "count", "restart") else b""
        call = calls.schedule(
            self.queue.keys, name, what, revision=seen.revision, expected=seen.tick, definition=definition,
            next=next, last="" if last is None else str(last), why=_WHY if what == "pause" else "",
            limit=MOST, now=self.queue.at,
        )  # fmt: skip
        expected = self._word(before, name, what, seen)

        assert self.queue.run(call) == expected, (name, what, seen)
        after = self.whole()
        if expected != "done":
            assert after == before, f"{what}: {expected}"
        elif what == "remove":
            assert name not in {*after.schedules, *after.ticks, *after.runs}
            self._only(before, after, name)
        else:
            self._changed(before, after, name, what, next, last, definition)

    def _word(self, before: State, name: str, what: str, seen: Seen) -> str:
        if seen != self.seen(name):
            return "changed"
        if what == "count" and before.ticks.get(name, self.queue.now + 1) <= self.queue.now:
            return "due"
        return "full" if name not in before.schedules and len(before.schedules) >= MOST else "done"

    def _changed(
        self, before: State, after: State, name: str, what: str, next: str, last: int | None, text: bytes
    ) -> None:
        was, now = read_standing(before.runs.get(name)), self.queue.now
        wanted = was if last is None else replace(was, last=last)
        if what == "pause":
            wanted = _noted(
                replace(wanted, pause=Pause(now, "ann", "why;not")), "paused", now, 1, now, "why;not", now
            )
        if what == "resume":
            wanted = _noted(replace(wanted, pause=None), "resumed", now, 1, now, "", now)
        if what == "restart":
            wanted = _noted(wanted, "restarted", now, 1, now, "", now)
        assert read_standing(after.runs.get(name)) == wanted
        assert self.seen(name).tick == next
        old, stored = before.schedules.get(name, b""), after.schedules.get(name, b"")
        if text:
            revision, _, stored = stored.partition(b";")
            assert stored == text and int(revision) > int(old.partition(b";")[0] or 0), "each has its own"
        else:
            assert stored == old
        self._only(before, after, name)
        self._told(before, after, name, {"pause": ["paused"], "resume": ["resumed"]}.get(what, []))

    def _told(self, before: State, after: State, name: str, kinds: Sequence[str]) -> None:
        """What those who watch hear of this schedule."""
        entries = [after.events[at] for at in sorted(set(after.events) - set(before.events), key=_order)]
        told = [(kind.decode(), names.decode()) for entry in entries for kind, names in entry.items()]
        expected = [(f"schedule_{kind}", name) for kind in kinds] if self.watched else []
        assert [one for one in told if one[0].startswith("schedule_")] == expected

    def _only(self, before: State, after: State, name: str) -> None:
        """Nothing else has changed."""
        for part in (*before.found, *after.found):
            old, new = before.found.get(part, {}), after.found.get(part, {})
            if part == "events":
                continue
            if part in ("schedules", "ticks", "runs"):
                old, new = _without(old, name), _without(new, name)
            assert new == old, part

    def tick(
        self,
        name: str,
        seen: Seen,
        jobs: Sequence[Job] = (),
        *,
        missed: int = 0,
        next_ms: int | None = None,
        overlap: str = "skip",
        run_limit: int = 0,
        pause_after: int = 0,
    ) -> None:
        """The jobs are for its instants, a ms after each other, behind those that are missed."""
        before, now = self.whole(), self.queue.now
        at = int(seen.tick or now)
        instants = [at + missed + n for n in range(len(jobs))]
        gone = Missed(missed, at, at + max(missed - 1, 0))
        last = max([at, gone.last, *instants])
        next = "" if next_ms is None else str(max(now, last) + next_ms)
        runs = [
            Run(i, job.id, head_of(job), encode_spec(job.spec)) for i, job in zip(instants, jobs, strict=True)
        ]
        call = calls.tick(
            self.queue.keys, name, revision=seen.revision, expected=seen.tick or "0", next=next, last=last,
            runs=runs, missed=gone, run_limit=run_limit, overlap=overlap, pause_after=pause_after, why=_WHY,
            now=self.queue.at,
        )  # fmt: skip
        done = self.queue.run(call)
        after = self.whole()
        if seen != self.seen_in(before, name) or not seen.tick:
            assert done.what == "late" and after == before, "others have done it, or changed it"
        elif at > now:
            assert done.what == "early" and after == before
        else:
            runs_of = list(zip(instants, jobs, strict=True))
            self._ticked(
                before, after, name, done, runs_of, gone, last, next, overlap, run_limit, pause_after
            )

    def seen_in(self, state: State, name: str) -> Seen:
        tick = state.ticks.get(name)
        revision = state.schedules.get(name, b"").partition(b";")[0].decode()
        return Seen(revision, "" if tick is None else f"{tick:.0f}")

    def _ticked(
        self, before: State, after: State, name: str, done: Any, runs: list[tuple[int, Job]], gone: Missed,
        last: int, next: str, overlap: str, run_limit: int, pause_after: int,
    ) -> None:  # fmt: skip
        was, now = replace(read_standing(before.runs.get(name)), last=last), self.queue.now
        if _all_dead(before, was, pause_after):
            assert (done.what, done.jobs) == ("paused", {})
            paused = replace(was, pause=Pause(now, "ann", "why;not"))
            assert read_standing(after.runs.get(name)) == _noted(
                paused, "paused", now, 1, now, "why;not", now
            )
            assert name not in after.ticks and after.meta == before.meta
            self._told(before, after, name, ["paused"])
            return
        if gone.number:
            was = _noted(
                replace(was, missed=was.missed + gone.number),
                "missed",
                gone.first,
                gone.number,
                gone.last,
                "",
                now,
            )
        made: dict[str, Job] = {}
        wanted, told = was, dict[str, str]()
        for instant, job in runs:
            if not (run_limit and wanted.ran >= run_limit):
                wanted, told[job.id] = self._run(before, made, wanted, instant, job, overlap, "ran")
        assert (done.what, done.jobs) == ("ticked", told), (done, told)
        skipped = ["skipped"] * (wanted.skipped - was.skipped)
        self._told(before, after, name, ["missed"] * (gone.number > 0) + skipped)
        assert read_standing(after.runs.get(name)) == wanted
        over = not next or (run_limit and wanted.ran >= run_limit)
        assert self.seen(name).tick == ("" if over else next)
        self._stand(before, after, made)

    def by_hand(self, name: str, seen: Seen, job: Job, overlap: str = "skip") -> None:
        before, now = self.whole(), self.queue.now
        call = calls.run_schedule(
            self.queue.keys, name, revision=seen.revision, overlap=overlap, id=job.id, head=head_of(job),
            spec=encode_spec(job.spec), now=self.queue.at,
        )  # fmt: skip
        why = self.queue.run(call)
        after = self.whole()
        if name not in before.schedules or seen.revision != self.seen_in(before, name).revision:
            assert why == "late" and after == before
            return
        made: dict[str, Job] = {}
        was = read_standing(before.runs.get(name))
        wanted, told = self._run(before, made, was, now, job, overlap, "manual")
        assert (why, read_standing(after.runs.get(name))) == (told, wanted)
        assert after.ticks == before.ticks
        self._told(before, after, name, [])
        self._stand(before, after, made)

    def _run(
        self,
        before: State,
        made: dict[str, Job],
        was: Standing,
        instant: int,
        job: Job,
        overlap: str,
        what: str,
    ) -> tuple[Standing, str]:
        """How it stands after this run, and what is told of it."""
        now, known = self.queue.now, job.id in before.meta or job.id in made
        if was.job in before.completed:
            was = replace(was, completed=before.record(was.job).finished)
        why = "" if known else self._obstacle(before, made, was, job, overlap)
        if known and what == "manual":  # the call was sent again
            return was, "known"
        if not why:
            if not known:
                made[job.id] = job
            ran = replace(was, job=job.id, ran=was.ran + (what == "ran"))
            return _noted(ran, what, instant, 1, instant, job.id, now), "known" if known else ""
        if what == "ran":
            was = _noted(replace(was, skipped=was.skipped + 1), "skipped", instant, 1, instant, why, now)
        return was, why

    def _obstacle(self, before: State, made: dict[str, Job], was: Standing, job: Job, overlap: str) -> str:
        unfinished = was.job in before.meta and not before.record(was.job).finished
        if overlap == "skip" and unfinished:
            return was.job
        if not job.lock:
            return ""
        if mine := [id for id, one in made.items() if one.lock == job.lock]:
            return mine[0]
        holder = before.holder(job.lock, self.queue.now)
        return holder or ""

    def _stand(self, before: State, after: State, made: dict[str, Job]) -> None:
        """What is made, and nothing else, is there and is counted."""
        assert set(after.meta) - set(before.meta) == set(made)
        assert after.counts.get("enqueued", 0) - before.counts.get("enqueued", 0) == len(made)
        for id, job in made.items():
            later = job.due * 1000 > self.queue.now
            assert after.state(id) == ("scheduled" if later else "enqueued")
            assert after.spec[id] == encode_spec(job.spec)
            lasts = job.spec.options.unique_for * 1000
            ends = self.queue.now + lasts if lasts else None
            assert not job.lock or after.lock_ends.get(job.lock) == ends
            sequence = int(after.record(id).score % 1e13)
            assert sequence > self.sequence, f"{id} is number {sequence}, after {self.sequence}"
            self.sequence = sequence
        waiting = min((at for id, at in after.scheduled.items() if id not in made), default=None)
        first = min((after.scheduled[id] for id in made if id in after.scheduled), default=None)
        if first is not None and (waiting is None or first < waiting):
            assert after.wake, "somebody waits for a later one"


def _order(entry: str) -> tuple[int, int]:
    ms, _, number = entry.partition("-")
    return int(ms), int(number)


def _noted(was: Standing, what: str, instant: int, count: int, last: int, detail: str, at: int) -> Standing:
    history = list(was.history)
    first = history[0] if history else None
    if first and what in ("skipped", "missed") and (first.outcome, first.detail) == (what, detail):
        instant, count = first.instant, count + first.count
        del history[0]
    entry = HistoryEntry(instant, what, count, last, at, detail)
    return replace(was, history=(entry, *history)[:_KEPT])


def _all_dead(before: State, was: Standing, most: int) -> bool:
    """Whether so many of its last runs are dead, since it was resumed."""
    ids: list[str] = []
    for entry in was.history:
        if entry.outcome == "resumed" or len(ids) == most:
            break
        if entry.made:
            ids.append(entry.detail)
    return 0 < most == len(ids) and all(id in before.failed for id in ids)


def _without(found: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != name}
