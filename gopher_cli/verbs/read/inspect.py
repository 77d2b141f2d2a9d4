"""Finding a job by what people type of its id, and telling everything about it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from gopher_cli.model.errors import Ambiguous, BadData, NotFound, Usage
from gopher_cli.model.hints import LIST_JOBS, Hint
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.fields import Kind
from gopher_cli.model.job.job import NO_OPTIONS, Options, Spec
from gopher_cli.model.job.terms import TypeTerms, sources_of, terms_of
from gopher_cli.model.text.humanize import log_text
from gopher_cli.model.text.json_text import exact_json, is_deep
from gopher_cli.model.text.timestamp import Instant, Timestamp
from gopher_cli.model.views.job_view import ASKED, JobDetail
from gopher_cli.store import calls
from gopher_cli.store.asks import ask
from gopher_cli.store.calls import Found
from gopher_cli.store.keyspace import PLACES
from gopher_cli.store.rows import at_least, read_history, spec_or_none
from gopher_cli.verbs.core import Core, in_slices
from gopher_cli.verbs.queues import list_queues, type_terms
from gopher_cli.verbs.read.why import reasons

if TYPE_CHECKING:
    from gopher_cli.store.asks.outbox import OutboxEntry

_PREFIX, _SUFFIX = 4, 6
_DEEPEST = 200
_STEPS = 200  # of 1 000 entries each, through an outbox
_NO_SPEC = Spec("(unreadable)", msgspec.Raw(b"null"))


async def find(core: Core, text: str, queue: str = "") -> tuple[str, str]:
    """(queue, id) of a whole id, or of a unique prefix (4 characters) or suffix (6): to look at it.

    Raises NotFound, Usage with the candidates when several fit, or Ambiguous.
    """
    queues = await _among(core, queue)
    if holders := await _holders(core, queues, text):
        return the_only(holders, text), text
    matches = await _search(core, queues, text) if len(text) >= _PREFIX else []
    if not matches:
        raise await _missing(core, text, queue)
    if len(matches) > 1:
        if len({id for _, id in matches}) == 1:  # no more of it would tell them apart
            the_only([queue for queue, _ in matches], matches[0][1])
        some = ", ".join(id for _, id in matches[:4]) + (", ..." if len(matches) > 4 else "")
        raise Usage(f"{text!r} fits {len(matches)} jobs: {some}", "type more of it")
    return matches[0]


async def queue_of(core: Core, id: str, queue: str = "") -> str:
    """The queue that has the job of this whole id. Raises NotFound, or Ambiguous for several."""
    holders = await _holders(core, await _among(core, queue), id)
    if not holders:
        raise await _missing(core, id, queue)
    return the_only(holders, id)


async def _missing(core: Core, id: str, queue: str) -> NotFound:
    """That there is no such job; when a schedule makes it; or where it is on its way between queues."""
    if ":" in id:
        from gopher_cli.verbs.schedule.instants import missing_instant

        with suppress(BadData):  # whatever schedules are there, this job is not
            if why := await missing_instant(core, id, queue):
                return why
    return await _on_its_way(core, id)


async def _on_its_way(core: Core, id: str) -> NotFound:
    from gopher_cli.store.asks import outbox  # late: nearly every job is in its queue
    from gopher_cli.verbs.outbox import readable

    queues = await list_queues(core)
    filled = await core.store.ask(outbox.sizes([core.keys(queue) for queue in queues])) if queues else []
    for queue in (queue for queue, size in zip(queues, filled, strict=True) if size):
        cursor, steps = 0, 0
        while steps < _STEPS:
            cursor, entries = await core.store.ask(outbox.entries_of(core.keys(queue), id, cursor))
            for entry in readable(entries):
                return _in_outbox(queue, entry)
            steps += 1
            if not cursor:
                break
    return NotFound(f"no job {id[:140]!r}", LIST_JOBS)


async def queues_of(core: Core, ids: Sequence[str], queue: str = "") -> dict[str, list[str]]:
    """For each of these whole ids the queues that have a job of it; with ``queue`` only that one."""
    all_keys, holders = [core.keys(name) for name in await _among(core, queue)], dict[str, list[str]]()
    for piece in in_slices(ids):
        holders |= zip(piece, await core.store.ask(ask.holders(all_keys, piece)), strict=True)
    return holders


async def _among(core: Core, queue: str) -> list[str]:
    return [name for name in await list_queues(core) if queue in ("", name)]


async def _holders(core: Core, queues: Sequence[str], id: str) -> list[str]:
    return (await core.store.ask(ask.holders([core.keys(queue) for queue in queues], [id])))[0]


async def _search(core: Core, queues: list[str], text: str) -> list[tuple[str, str]]:
    safe = "".join(c if c.isalnum() or c in "-_:." else f"\\{c}" for c in text)
    patterns = [f"{safe}*"] + ([f"*{safe}"] if len(text) >= _SUFFIX else [])
    matches: set[tuple[str, str]] = set()
    for queue in queues:
        for place in PLACES:
            for pattern in patterns:
                cursor = 0
                while True:
                    step = ask.scan(core.keys(queue)[place], cursor, pattern, 5000)
                    cursor, ids = await core.store.ask(step)
                    matches |= {(queue, id) for id in ids}
                    if not cursor or len(matches) > 20:
                        break
    return sorted(matches)


async def inspect(core: Core, queue: str, id: str) -> JobDetail:
    """Everything about one job, and why it does not run yet. Raises NotFound."""
    stored = await core.store.run(calls.inspect(core.keys(queue), id))
    if stored is None:
        raise NotFound(f"no job {id} in {queue}", LIST_JOBS)
    spec = spec_or_none(stored.spec)
    why = "; also: ".join(await reasons(core, queue, stored, spec))
    published = (await type_terms(core, spec.type)).get(spec.type) if spec else None
    return _detail(queue, id, stored, spec, why, published, core.defaults)


def _in_outbox(queue: str, entry: OutboxEntry) -> NotFound:
    waits = ", ".join(f"{id} ({where})" for id, where in entry.waits.items())
    return NotFound(
        f"the job {entry.job.id!r} is on its way from the queue {queue} to the queue {entry.job.queue}"
        + (f", and waits for {waits}" if waits else ""),
        Hint("a worker or server that can reach both carries it; look again, or see: gopher doctor"),
    )


def the_only(queues: Sequence[str], id: str) -> str:
    """The queue that has the job of this whole id. Raises NotFound, or Ambiguous where there are several."""
    if not queues:
        raise NotFound(f"no job {id[:140]!r}", LIST_JOBS)
    if len(queues) > 1:
        some = ", ".join(queues[:6]) + (", ..." if len(queues) > 6 else "")
        raise Ambiguous(f"several queues have a job {id[:140]!r}: {some}", queues)
    return queues[0]


def _exact(raw: bytes) -> msgspec.Raw:
    """Its JSON in one line, with the very digits of its numbers; of what cannot be read, or not by every
    reader behind us, the text alone."""
    try:
        if is_deep(raw, _DEEPEST):
            return msgspec.Raw(msgspec.json.encode(raw.decode()))
        value = msgspec.json.decode(raw or b"null")
        written = msgspec.json.encode(value)
        return msgspec.Raw(written if written == raw else exact_json(raw or b"null"))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.Raw(msgspec.json.encode(raw.decode("utf-8", "replace")))


def _asked(options: Options) -> dict[str, Any]:
    """By the names of a view. None is not said, but for what has members: that is empty."""
    asked = {}
    for field in ASKED:
        value = getattr(options, field.name)
        members = {Kind.TEXTS: list, Kind.PAIRS: dict}.get(field.kind)
        asked[field.name] = members(value) if members else value or None
    return asked


def _detail(
    queue: str, id: str, stored: Found, spec: Spec | None, why: str, published: TypeTerms | None,
    defaults: Defaults,
) -> JobDetail:  # fmt: skip
    known, record = spec or _NO_SPEC, stored.record
    options: Options = known.options or NO_OPTIONS
    log = stored.log.decode("utf-8", "replace").splitlines()
    terms, ends, history = (
        terms_of(known, published, defaults),
        round(stored.score),
        read_history(stored.errors),
    )
    failed = history and stored.state in ("failed", "retrying")

    def ends_in(*states: str) -> Timestamp:
        return Timestamp(ends if stored.state in states else 0)

    return JobDetail(
        id=id, queue=queue, state=stored.state, type=known.type, exact_payload=_exact(bytes(known.payload)),
        priority=known.priority, attempts=record.attempts,
        max_retries=at_least(terms.max_retries, record.attempts), losses=record.losses,
        timeout=terms.timeout, backoff=terms.backoff, sources=sources_of(known, published),
        **_asked(options), after=list(options.after), parent=options.parent or None,
        schedule=options.schedule or msgspec.UNSET,
        instant=Instant(options.instant * 1000) if options.instant else msgspec.UNSET,
        worker=record.token.lstrip("!?").partition(":")[0] or None, now=Instant(stored.now),
        created=Timestamp(record.created), ready_at=Timestamp(record.ready_at or record.created),
        started=Timestamp(record.started), finished=Timestamp(record.finished),
        due=ends_in("scheduled", "retrying"), lease_until=ends_in("processing"),
        kept_until=ends_in("completed", "cancelled"), cancel_asked=stored.cancel_asked,
        error=history[-1].error if failed else None, exact_result=_exact(stored.result),
        progress=msgspec.json.decode(_exact(stored.progress)), history=history,
        log=[log_text(line) for line in log], why_not_running=why or None,
        spec_bytes=len(stored.spec),
        unreadable=None if spec else stored.spec[:2000].decode("utf-8", "backslashreplace"),
    )  # fmt: skip
