"""gopher submit: one job; --batch hands over to cli/batch/."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gopher_cli.cli.input import schedule_options as s
from gopher_cli.cli.input import submit_options as c
from gopher_cli.cli.input.filters import duration, remember, typed_id
from gopher_cli.cli.input.job_options import given_by, job_options, needed_type, payload_of, trace_context
from gopher_cli.cli.input.moments import due_of
from gopher_cli.cli.input.schema_check import checked, warn_of_queue
from gopher_cli.cli.render.styles import short_id, when
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console, check_choice
from gopher_cli.model.errors import Conflict, NotFound, Usage
from gopher_cli.model.text.local_time import local_time
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.model.job.job import Job
    from gopher_cli.store.calls import Receipt
    from gopher_cli.verbs.protocol import Verbs


@command
def submit(
    console: Console,
    pairs: c.Pairs = None,
    type: c.Type = None,
    payload: c.Payload = None,
    queue: c.Queue = None,
    delay: c.Delay = None,
    at: c.At = None,
    after: c.After = None,
    cron: s.Cron = None,
    every: s.Every = None,
    tz: s.Zone = None,
    name: s.Name = None,
    *,
    job: c.JobFields,
    app: c.App = None,
    id: c.Id = None,
    if_exists: c.IfExists = None,
    batch: c.Batch = None,
    lines: c.Lines = None,
    batch_id: c.BatchId = None,
    durability: c.DurabilityLevel = None,
    wait: c.Wait = False,
    wait_timeout: c.WaitTimeout = None,
) -> int:
    """Submit a job, and print its id.

      gopher submit -t email to=ann@example.com subject=Hi body=Hello
      gopher submit -t report -p @report.json --in 10m --unique nightly
      gopher submit -t math --batch jobs.ndjson --batch-id monday
      gopher submit -t mail --batch people.csv --lines csv
      gopher submit -t report --cron '0 3 * * *' --tz Europe/Berlin --name nightly

    A line of a batch is {"type": ..., "payload": ..., "queue": ...}, with other options as fields, too.
    """
    return _submit(console, locals())


def _submit(console: Console, flags: Mapping[str, Any]) -> int:
    """``flags`` are the options, each by its name."""
    if _recurs(flags):
        from gopher_cli.cli.commands.schedule_set import submit_schedule

        return submit_schedule(console, flags)
    check_choice("--if-exists", flags["if_exists"], ("ok", "fail"))
    given = _options(flags)
    if flags["durability"]:
        console.settings(durability=flags["durability"])
    many = flags["batch"] is not None or flags["batch_id"] or flags["lines"]
    return _many(console, flags, given) if many else _one(console, flags, given)


def _one(console: Console, flags: Mapping[str, Any], given: dict[str, Any]) -> int:
    submit = _One(console, needed_type("gopher submit", flags), payload_of(console, flags), given)
    submit.after, submit.app = flags["after"] or [], ",".join(flags["app"] or ())
    submit.fail_if_exists = flags["if_exists"] == "fail"
    limit = duration("--wait-timeout", flags["wait_timeout"])
    return submit.submit_and_wait(limit) if flags["wait"] or flags["wait_timeout"] else submit.submit()


def _recurs(flags: Mapping[str, Any]) -> bool:
    """Whether this is a schedule. Raises Usage for options that are of one, where it is none."""
    if flags["cron"] is not None or flags["every"] is not None:
        return True
    for name in ("tz", "name"):
        if flags[name] is not None:
            raise Usage(f"--{name} is for a schedule", "add --cron EXPRESSION or --every DURATION")
    return False


def _options(flags: Mapping[str, Any]) -> dict[str, Any]:
    """What the flags say of one job, by the names of `new_job`. Raises Usage."""
    due, delay = due_of(flags["delay"], flags["at"])
    given = job_options(flags["job"])
    headers = trace_context() | given.pop("headers", {})
    return given | given_by(
        id=flags["id"], queue=flags["queue"], headers=headers or None, due=due, delay=delay
    )


def _many(console: Console, flags: Mapping[str, Any], given: dict[str, Any]) -> int:
    if flags["batch"] is None:
        raise Usage(f"{'--lines' if flags['lines'] else '--batch-id'} is for --batch")
    lines = flags["lines"] or "job"
    check_choice("--lines", lines, ("job", "payload", "csv"))
    if lines != "job" and not flags["type"]:
        raise Usage(f"--lines {lines} needs --type TYPE", "it has fields of the payload only")
    for name in ("wait", "id", "payload", "pairs", "after"):
        if flags[name]:
            what = "a payload" if name in ("payload", "pairs") else f"--{name}"
            raise Usage(f"{what} and --batch do not go together", "a line of the batch has them")
    from gopher_cli.cli.batch.batch import submit_batch

    batch, fail = flags["batch_id"] or "", flags["if_exists"] == "fail"
    return submit_batch(console, flags["batch"], batch, flags["type"], given, fail, lines)


class _One:
    """One job on its way: checked, submitted, told about, perhaps followed."""

    def __init__(self, console: Console, type: str, payload: bytes, given: dict[str, Any]) -> None:
        self.console, self.type, self.payload, self.given = console, type, payload, given
        self.after: list[str] = []
        self.app = ""
        self.fail_if_exists = False
        self.queue, self.id = "", ""
        self.gone = False  # it was done before, and nothing is kept of it

    def submit(self) -> int:
        self.console.call(self._submit)
        if self.console.format in ("json", "ndjson", "csv"):
            from gopher_cli.cli.terminal.tables import write_answer

            write_answer(self.console, {"job_id": self.id, "type": self.type, "queue": self.queue}, ())
        else:
            self.console.print(self.id)
        return 0

    def submit_and_wait(self, limit: float) -> int:
        from gopher_cli.cli.render.follow import finish, follow, wait_for

        async def work(gopher: Verbs) -> Any:
            await self._submit(gopher)
            if self.console.quiet:
                self.console.print(self.id, flush=True)
            if self.gone:
                return None
            return await follow(gopher, self.console, self.queue, self.id, limit)

        if not self.console.settings().result_retention:
            self.given["retention"] = 60.0  # or it would be gone before we have seen its result
        self.id = self.given.setdefault("id", _fresh_id())
        job = wait_for(self.console, self.id, work)
        return finish(self.console, job) if job else 0

    async def _submit(self, gopher: Verbs) -> None:
        from gopher_cli.verbs.submit import being_cancelled, new_job

        await gopher.check(accept_eviction=self.console.settings().accepts_eviction)
        self.given |= await checked(self.console, gopher, self.type, self.payload, self.app, self.given)
        if self.after:
            self.given["after"] = [await self._parent(gopher, text) for text in self.after]
        job = new_job(gopher.defaults, self.type, self.payload, **self.given)
        far = self.console.works_remotely(self.console.settings())
        if far and "queue" in self.given:  # there nobody says afterwards that it was new
            await warn_of_queue(self.console, gopher, job.queue)
        (receipt,) = await gopher.submit_many([job])
        if not far and (self.console.talks or job.queue in gopher.new_queues):
            await warn_of_queue(self.console, gopher, job.queue)
        if receipt.refused:
            raise NotFound(receipt.refused)
        self.queue, self.id = job.queue, receipt.duplicate_of or receipt.id
        self.gone = bool(receipt.held_until)
        if receipt.stops:
            hint = f"submit it again when that one has ended: gopher inspect {self.id} --wait"
            raise being_cancelled(receipt, hint)
        if self.fail_if_exists and not receipt.accepted:
            raise Conflict(f"there is such a job already: {self.id}", f"gopher inspect {self.id}")
        remember(self.console.settings(), self.id)
        self._tell(job, receipt)

    def _tell(self, job: Job, receipt: Receipt) -> None:
        if receipt.held_until:
            until = when(receipt.held_until)
            note = f"the work was done by {self.id} (no longer kept); its unique key is held until {until}"
            self.console.note(safe(note))
            return
        if not receipt.accepted:
            self.console.note(f"there is such a job already: {safe(self.id)}")
            return
        where = f"{job.queue} on {self.console.server()}"
        self.console.say(f"submitted {safe(self.type)} {short_id(self.id)} to {where}{_later(job)}")

    async def _parent(self, gopher: Verbs, text: str) -> str:
        from gopher_cli.cli.render.results import queue_of

        id, mine = typed_id(self.console.settings(), text), self.given.get("queue", gopher.defaults.queue)
        if (await gopher.queues_of([id], mine))[id]:
            return id
        queue = await queue_of(gopher, id)
        raise Usage(f"--after: {id} is in the queue {queue}, not in {mine}", f"add -Q {queue}")


def _later(job: Job) -> str:
    from gopher_cli.model.text.duration import format_duration

    if job.delay:
        return f", due in {format_duration(job.delay)}"
    wait = job.due - time.time()
    return f", due {local_time(job.due)} (in {format_duration(wait)})" if wait > 0 else ""


def _fresh_id() -> str:
    from gopher_cli.model.job.ids import new_id

    return new_id()
