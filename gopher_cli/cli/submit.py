"""gopher submit: one job; --batch hands over to batch.py."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gopher_cli.cli import options as o
from gopher_cli.cli.checking import check_schema, guess, warn_unknown
from gopher_cli.cli.choosing import duration, remember, typed_id, whole
from gopher_cli.cli.command import command
from gopher_cli.cli.console import Console, check_choice
from gopher_cli.cli.safe import safe
from gopher_cli.cli.words import short_id
from gopher_cli.model.errors import Conflict, NotFound, Usage

if TYPE_CHECKING:
    from gopher_cli.gopher import Gopher
    from gopher_cli.model.job import Job

WHAT, WHEN, HOW, ONCE, MANY, WAIT = (
    "What", "When", "How it runs", "Only once", "Many jobs", "Waiting",
)  # fmt: skip


def _text(*names: str, help: str, metavar: str, panel: str) -> Any:
    return o.option(*names, help=help, metavar=metavar, panel=panel)


@command
def submit(
    console: Console,
    pairs: Annotated[list[str] | None, typer.Argument(metavar="[KEY=TEXT | KEY:=JSON]...", help="fields of the payload", show_default=False)] = None,
    type: Annotated[str | None, _text("--type", "-t", metavar="TYPE", panel=WHAT, help="what is to be done")] = None,
    payload: Annotated[list[str] | None, _text("--payload", "-p", metavar="JSON", panel=WHAT, help="JSON, @file, - for stdin, or key=text")] = None,
    queue: Annotated[str | None, _text("--queue", "-Q", metavar="QUEUE", panel=WHAT, help="the queue (default: the setting QUEUE_NAME)")] = None,
    priority: Annotated[str | None, _text("--priority", metavar="P", panel=WHAT, help="high, normal, low, or 0 to 10")] = None,
    tag: Annotated[list[str] | None, _text("--tag", metavar="TAG", panel=WHAT, help="a label to find it by (repeat)")] = None,
    header: Annotated[list[str] | None, _text("--header", metavar="KEY=VALUE", panel=WHAT, help="handed to the handler (repeat)")] = None,
    delay: Annotated[str | None, _text("--in", metavar="DURATION", panel=WHEN, help="not before that, such as 10m")] = None,
    at: Annotated[str | None, _text("--at", metavar="TIME", panel=WHEN, help="not before that, such as 2030-01-31T08:00:00Z")] = None,
    after: Annotated[list[str] | None, _text("--after", metavar="ID", panel=WHEN, help="when this job of the same queue has completed (repeat)")] = None,
    retries: Annotated[str | None, _text("--retries", "-r", metavar="N", panel=HOW, help="how often it runs again when it fails (3)")] = None,
    timeout: Annotated[str | None, _text("--timeout", metavar="DURATION", panel=HOW, help="how long an attempt may take (5m)")] = None,
    backoff: Annotated[str | None, _text("--backoff", metavar="B", panel=HOW, help="exp:5s, poly:2 or fixed:10s, :nojitter behind it")] = None,
    app: Annotated[str | None, _text("--app", metavar="MODULE:OBJECT", panel=HOW, help="check against these handlers, and take their options")] = None,
    id: Annotated[str | None, _text("--id", metavar="ID", panel=ONCE, help="an id of your own")] = None,
    unique: Annotated[str | None, _text("--unique", metavar="KEY", panel=ONCE, help="only one unfinished job with this key")] = None,
    unique_for: Annotated[str | None, _text("--unique-for", metavar="DURATION", panel=ONCE, help="and none within that time either")] = None,
    if_exists: Annotated[str | None, _text("--if-exists", metavar="WHAT", panel=ONCE, help="ok (default: print the id of that one) or fail")] = None,
    batch: Annotated[str | None, _text("--batch", metavar="FILE", panel=MANY, help="one job a line as JSON, - for stdin")] = None,
    batch_id: Annotated[str | None, _text("--batch-id", metavar="NAME", panel=MANY, help="run again, it goes on where it stopped")] = None,
    wait: Annotated[bool, o.option("--wait", "-w", panel=WAIT, help="until it ends: log to stderr, result to stdout")] = False,
    wait_timeout: Annotated[str | None, _text("--wait-timeout", metavar="DURATION", panel=WAIT, help="but no longer than that (exit 124)")] = None,
) -> int:  # fmt: skip
    """Submit a job, and print its id.

      gopher submit -t email to=ann@example.com subject=Hi body=Hello
      gopher submit -t report -p @report.json --in 10m --unique nightly
      gopher submit -t math --batch jobs.ndjson --batch-id monday

    A line of a batch is {"type": ..., "payload": ..., "queue": ...}, and may have every option of
    this command as a field: priority, retries, timeout, in, at, id, unique, tags, headers.
    """
    check_choice("--if-exists", if_exists, ("ok", "fail"))
    given = _given(
        queue=queue, priority=priority, max_retries=whole("--retries", retries) if retries else None,
        timeout=duration("--timeout", timeout) if timeout else None, backoff=backoff, id=id, unique_key=unique,
        unique_for=duration("--unique-for", unique_for) if unique_for else None, tags=tag or None,
        headers=_headers(header or []) or None, **_moment(delay, at),
    )  # fmt: skip
    if batch is not None:
        _only_for_many(wait=wait, id=id, payload=payload or pairs, after=after)
        from gopher_cli.cli.batch import submit_batch

        return submit_batch(console, batch, batch_id or "", type, given, if_exists == "fail")
    if batch_id:
        raise Usage("--batch-id is for --batch")
    if not type:
        raise Usage("gopher submit needs --type TYPE", "see: gopher types; gopher submit --help")
    from gopher_cli.cli.payload import read_payload

    one = _One(console, type, read_payload(console, payload or [], pairs or []), given)
    one.after, one.app, one.fail_if_exists = after or [], app or "", if_exists == "fail"
    limit = duration("--wait-timeout", wait_timeout)
    return one.submit_and_wait(limit) if wait or wait_timeout else one.submit()


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _only_for_many(**given: Any) -> None:
    for name, value in given.items():
        if value:
            raise Usage(f"--{name} and --batch do not go together", "a line of the batch has them")


def _moment(delay: str | None, at: str | None) -> dict[str, float]:
    from gopher_cli.model.duration import parse_when

    if delay and at:
        raise Usage("--in and --at say the same thing twice", "give one of them")
    try:
        due = parse_when(at) if at else None
    except (ValueError, OverflowError) as error:
        raise Usage(f"--at: {error}") from None
    return _given(delay=duration("--in", delay) if delay else None, due=due)


def _headers(given: list[str]) -> dict[str, str]:
    found = {}
    for name in ("TRACEPARENT", "TRACESTATE", "BAGGAGE"):
        if value := os.environ.get(name):
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

    def submit(self) -> int:
        self.console.call(self._submit)
        if self.console.format in ("json", "ndjson"):
            said = {"id": self.id, "type": self.type, "queue": self.queue}
            self.console.json(said, lines=self.console.format == "ndjson")
        else:
            self.console.print(self.id)
        return 0

    def submit_and_wait(self, limit: float) -> int:
        from gopher_cli.cli.following import finish, follow, wait_for

        async def work(gopher: Gopher) -> Any:
            await self._submit(gopher)
            if self.console.quiet:
                self.console.print(self.id, flush=True)
            return await follow(gopher, self.console, self.queue, self.id, limit)

        if not self.console.settings().result_retention:
            self.given["retention"] = 60.0  # or it would be gone before we have seen its result
        self.id = self.given.setdefault("id", _fresh_id())
        return finish(self.console, wait_for(self.console, self.id, work))

    async def _submit(self, gopher: Gopher) -> None:
        from gopher_cli.verbs.producing import new_job

        await self._check(gopher)
        if self.after:
            self.given["after"] = [await self._parent(gopher, text) for text in self.after]
        job = new_job(gopher.defaults, self.type, self.payload, **self.given)
        (receipt,) = await gopher.submit_many([job])
        self.queue, self.id = job.queue, receipt.duplicate_of or receipt.id
        if self.fail_if_exists and not receipt.accepted:
            raise Conflict(f"there is such a job already: {self.id}", f"gopher inspect {self.id}")
        remember(self.console.settings(), self.id)
        self._tell(job, receipt.accepted)

    def _tell(self, job: Job, accepted: bool) -> None:
        if not accepted:
            return self.console.say(f"there is such a job already: {self.id}")
        from gopher_cli.model.duration import format_duration

        due = job.delay or max(0.0, job.due - time.time()) if job.due or job.delay else 0.0
        later = f", due in {format_duration(due)}" if due else ""
        self.console.say(f"submitted {safe(self.type)} {short_id(self.id)} to {job.queue}{later}")

    async def _parent(self, gopher: Gopher, text: str) -> str:
        queue, id = await gopher.find(typed_id(self.console.settings(), text))
        mine = self.given.get("queue", gopher.defaults.queue)
        if queue != mine:
            raise Usage(f"--after: {id} is in the queue {queue}, not in {mine}", f"add -Q {queue}")
        return id

    async def _check(self, gopher: Gopher) -> None:
        from gopher_cli.model.making import check_json, check_type

        check_type(self.type)
        check_json(self.payload)
        if self.app:
            return self._check_app()
        raw = await gopher.schema_of(self.type)
        if raw is None:
            return warn_unknown(self.console, self.type, await gopher.types())
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


def _fresh_id() -> str:
    from gopher_cli.model.ids import new_id

    return new_id()


