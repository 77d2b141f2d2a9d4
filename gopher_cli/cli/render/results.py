"""What became of each job that a command named: rows, and the exit code of all together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gopher_cli.cli.input.filters import check_said, typed_id
from gopher_cli.cli.render.styles import short_id
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import Column, Listing
from gopher_cli.model.errors import GopherError, NotFound, Unavailable, Usage
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.model.select.actions import Action, Answer
    from gopher_cli.verbs.protocol import Verbs

T = TypeVar("T")
Act = Callable[[str, Sequence[str]], Awaitable["dict[str, Answer]"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """One job. ``code`` is 0 where it went well; ``word`` says what happened, or why not;
    ``due`` is when it runs, epoch ms, where that was the question; ``state`` is the one that forbids it."""

    id: str
    queue: str
    word: str
    code: int = 0
    due: int = 0
    state: str = ""

    @classmethod
    def of(cls, queue: str, id: str, action: Action, done: Answer) -> JobResult:
        return cls(
            id=id, queue=queue, word=action.sentence(done), code=done.result.exit_code, due=done.due_ms,
            state=done.state or "",
        )  # fmt: skip


async def for_each(
    console: Console,
    gopher: Verbs,
    given: Sequence[str],
    queue: str | None,
    verb: Callable[[str, str], Awaitable[JobResult]],
) -> list[JobResult]:
    """What ``verb(queue, id)`` makes of the job of each of these whole ids, once each.

    One that is not there, or cannot be done, stops no other. Where there is only one, raises NotFound or
    Ambiguous for it, or what the verb raises. Raises Unavailable for any: the others would wait as long.
    """
    check_said(queue=queue)
    ids = list(dict.fromkeys(typed_id(console.settings(), text) for text in given))
    if len(ids) == 1:
        return [await verb(await queue_of(gopher, ids[0], queue or ""), ids[0])]
    known = await gopher.queues_of(ids, queue or "")
    return [await _tried(verb, of[0], id) if len(of := known[id]) == 1 else _left(id, of) for id in ids]


async def act_on_each(
    console: Console, gopher: Verbs, given: Sequence[str], queue: str | None, action: Action, verb: Act
) -> list[JobResult]:
    """The same for an action whose ``verb`` takes a queue and ids."""

    async def one(queue: str, id: str) -> JobResult:
        return JobResult.of(queue, id, action, (await verb(queue, [id]))[id])

    return await for_each(console, gopher, given, queue, one)


async def try_each(
    names: Sequence[str], verb: Callable[[str], Awaitable[T]]
) -> tuple[list[T], list[GopherError]]:
    """What ``verb`` makes of each of these names, once each, and its refusals: one stops no other.

    Raises the refusal of a name that is alone, and Unavailable for any.
    """
    done, refused = [], []
    names = list(dict.fromkeys(names))
    for name in names:
        try:
            done.append(await verb(name))
        except Unavailable:
            raise
        except GopherError as error:
            if len(names) == 1:
                raise
            refused.append(error)
    return done, refused


def warn_refused(console: Console, refused: Sequence[GopherError]) -> int:
    """Tell of what was refused beside what was done; the exit code of all together."""
    for error in refused:
        console.warn(safe(str(error)))
    return max((error.exit_code for error in refused), default=0)


async def _tried(verb: Callable[[str, str], Awaitable[JobResult]], queue: str, id: str) -> JobResult:
    try:
        return await verb(queue, id)
    except Unavailable:
        raise
    except GopherError as error:
        return JobResult(id=id, queue=queue, word=str(error), code=error.exit_code)


def _left(id: str, queues: Sequence[str]) -> JobResult:
    if not queues:
        return JobResult(id=id, queue="", word="no such job", code=3)
    return JobResult(
        id=id, queue="", word=f"several queues have it ({', '.join(queues[:4])}): add -Q", code=5
    )


async def queue_of(gopher: Verbs, id: str, queue: str = "") -> str:
    """Of a whole id. Raises Ambiguous, or NotFound that names a job of which this is a part.

    Nothing is changed by a guess.
    """
    try:
        return await gopher.queue_of(id, queue)
    except NotFound as error:
        near = await _near(gopher, id, queue)
        raise NotFound(f"{error}; did you mean {near}?" if near else str(error), error.hint) from None


async def _near(gopher: Verbs, part: str, queue: str) -> str:
    try:
        return (await gopher.find(part, queue))[1]
    except (NotFound, Usage):
        return ""


def told(console: Console, outcomes: Sequence[JobResult], *more: Column) -> int:
    """Print them, with ``more`` columns where the verb has more to say.

    The worst exit code: 0, 3 for a job that is gone, 5 for one in the wrong state, or that of an error.
    """

    def record(outcome: JobResult) -> dict[str, object]:
        added = {column.header: column.value(outcome) or None for column in more}
        return {
            "job_id": outcome.id,
            "queue": outcome.queue,
            "ok": not outcome.code,
            "outcome": outcome.word,
        } | added

    columns = (*COLUMNS, *more)
    console.rows(
        Listing(rows=outcomes, columns=columns, record=record, id=lambda one: one.id, empty="no jobs")
    )
    return max((outcome.code for outcome in outcomes), default=0)


COLUMNS = (
    Column(name="id", field="job_id", show=lambda r: short_id(r.id), raw=lambda r: r.id, keep=9),
    Column(name="queue", show=lambda r: r.queue, keep=3),
    Column(
        name="outcome",
        show=lambda r: r.word,
        keep=8,
        most=60,
        least=12,
        style=lambda r: "red" if r.code else "green",
    ),
)
