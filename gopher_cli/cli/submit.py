"""gopher submit: one job; --batch hands over to batch.py."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gopher_cli.cli import submit_options as c
from gopher_cli.cli.checking import check_schema, guess, published_types, warn_of_queue, warn_unknown
from gopher_cli.cli.choosing import duration, remember, typed_id, whole
from gopher_cli.cli.command import command
from gopher_cli.cli.console import Console, check_choice
from gopher_cli.cli.moments import due_of, local_time
from gopher_cli.cli.safe import safe
from gopher_cli.cli.words import short_id, when
from gopher_cli.model.errors import Conflict, NotFound, Usage

_CONTEXT = 4000  # characters of a trace header that the environment hands on

if TYPE_CHECKING:
    from gopher_cli.gopher import Gopher
    from gopher_cli.model.job import Job
    from gopher_cli.store.calls import Receipt


@command
def submit(
    console: Console,
    pairs: c.Pairs = None,
    type: c.Type = None,
    payload: c.Payload = None,
    queue: c.Queue = None,
    priority: c.Priority = None,
    tag: c.Tag = None,
    header: c.Header = None,
    delay: c.Delay = None,
    at: c.At = None,
    after: c.After = None,
    retries: c.Retries = None,
    timeout: c.Timeout = None,
    backoff: c.Backoff = None,
    app: c.App = None,
    id: c.Id = None,
    unique: c.Unique = None,
    unique_for: c.UniqueFor = None,
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

    A line of a batch is {"type": ..., "payload": ..., "queue": ...}, with other options as fields, too.
    """
    flags = locals()  # each by its name
    check_choice("--if-exists", if_exists, ("ok", "fail"))
    given = _job_options(flags)
    if durability:
        console.settings(durability=durability)
    if batch is not None or batch_id or lines:
        return _many(console, flags, given)
    if not type:
        raise _without_type(pairs or [])
    one = _One(console, type, _payload(console, payload or [], pairs or []), given)
    one.after, one.app, one.fail_if_exists = after or [], ",".join(app or ()), if_exists == "fail"
    limit = duration("--wait-timeout", wait_timeout)
    return one.submit_and_wait(limit) if wait or wait_timeout else one.submit()


def _payload(console: Console, given: list[str], pairs: list[str]) -> bytes:
    from gopher_cli.cli.payload import read_payload

    return read_payload(console, given, pairs)


def _without_type(pairs: list[str]) -> Usage:
    """Whoever knows other queues writes the type where our fields stand."""
    bare = bool(pairs) and re.fullmatch(r"[\w.:\-]+", pairs[0])
    hint = f"did you mean -t {pairs[0]}?" if bare else "see: gopher types; gopher submit --help"
    return Usage("gopher submit needs --type TYPE", hint)


def _job_options(flags: Mapping[str, Any]) -> dict[str, Any]:
    """What the flags say of the job, by the names of `new_job`. Raises Usage."""

    def seconds(name: str) -> float | None:
        text = flags[name]
        return None if text is None else duration("--" + name.replace("_", "-"), text)

    due, delay = due_of(flags["delay"], flags["at"])
    return _given(
        queue=flags["queue"],
        priority=flags["priority"],
        max_retries=None if flags["retries"] is None else whole("--retries", flags["retries"]),
        timeout=seconds("timeout"),
        backoff=flags["backoff"],
        id=flags["id"],
        unique_key=flags["unique"],
        unique_for=seconds("unique_for"),
        tags=flags["tag"] or None,
        headers=_headers(flags["header"] or []) or None,
        due=due,
        delay=delay,
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
            said = "a payload" if name in ("payload", "pairs") else f"--{name}"
            raise Usage(f"{said} and --batch do not go together", "a line of the batch has them")
    from gopher_cli.cli.batch import submit_batch

    batch, fail = flags["batch_id"] or "", flags["if_exists"] == "fail"
    return submit_batch(console, flags["batch"], batch, flags["type"], given, fail, lines)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _headers(given: list[str]) -> dict[str, str]:
    found = {}
    for name in ("TRACEPARENT", "TRACESTATE", "BAGGAGE"):
        value = os.environ.get(name, "")
        if 0 < len(value) <= _CONTEXT and value.isprintable():  # what nobody has asked for refuses no job
            found[name.lower()] = value
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise Usage(f"--header {text!r} is not KEY=VALUE")
        found[name] = value
    return found


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
            from gopher_cli.cli.tables import write_answer

            write_answer(self.console, {"id": self.id, "type": self.type, "queue": self.queue}, ())
        else:
            self.console.print(self.id)
        return 0

    def submit_and_wait(self, limit: float) -> int:
        from gopher_cli.cli.following import finish, follow, wait_for

        async def work(gopher: Gopher) -> Any:
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

    async def _submit(self, gopher: Gopher) -> None:
        from gopher_cli.verbs.producing import being_cancelled, new_job

        await gopher.check(accept_eviction=self.console.settings().accepts_eviction)
        await self._check(gopher)
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
            said = f"the work was done by {self.id} (no longer kept); its unique key is held until {until}"
            self.console.note(safe(said))
            return
        if not receipt.accepted:
            self.console.note(f"there is such a job already: {safe(self.id)}")
            return
        where = f"{job.queue} on {self.console.server()}"
        self.console.say(f"submitted {safe(self.type)} {short_id(self.id)} to {where}{_later(job)}")

    async def _parent(self, gopher: Gopher, text: str) -> str:
        from gopher_cli.cli.outcomes import queue_of

        id, mine = typed_id(self.console.settings(), text), self.given.get("queue", gopher.defaults.queue)
        if (await gopher.queues_of([id], mine))[id]:
            return id
        queue = await queue_of(gopher, id)
        raise Usage(f"--after: {id} is in the queue {queue}, not in {mine}", f"add -Q {queue}")

    async def _check(self, gopher: Gopher) -> None:
        from gopher_cli.model.checks import check_type
        from gopher_cli.model.payload import check_json

        check_type(self.type)
        check_json(self.payload)
        if self.app:
            self._check_app()
            return
        raw = await gopher.schema_of(self.type)
        if raw is None:
            warn_unknown(self.console, self.type, await published_types(gopher))
            return
        check_schema(self.type, raw, self.payload)

    def _check_app(self) -> None:
        import msgspec

        from gopher_cli.loading import load_registry

        registry = load_registry(self.app)
        handler = registry.get(self.type)
        if handler is None:
            raise NotFound(f"{self.app} has no handler for {self.type}", guess(self.type, registry))
        handler.decode(msgspec.Raw(self.payload))
        mine = _given(timeout=handler.timeout, max_retries=handler.retries, backoff=handler.backoff or None)
        self.given = {**mine, **self.given}


def _later(job: Job) -> str:
    from gopher_cli.model.duration import format_duration

    if job.delay:
        return f", due in {format_duration(job.delay)}"
    wait = job.due - time.time()
    return f", due {local_time(job.due)} (in {format_duration(wait)})" if wait > 0 else ""


def _fresh_id() -> str:
    from gopher_cli.model.ids import new_id

    return new_id()
