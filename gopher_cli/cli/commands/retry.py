"""gopher retry, retry-all, requeue-dlq: jobs run again."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from gopher_cli.cli.input.filters import filter_of, per_second, typed_id, whole, words
from gopher_cli.cli.render.bulk import MANY, ask, carried_out, say_bulk
from gopher_cli.cli.render.counts import count_jobs, say_counts
from gopher_cli.cli.render.results import JobResult, for_each, told
from gopher_cli.cli.render.styles import number
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console, assumes_yes
from gopher_cli.model.errors import NotFound, Usage
from gopher_cli.model.select.actions import RETRY, Answer, Result
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.model.select.filter import Filter
    from gopher_cli.verbs.protocol import Verbs

_SURE = {Result.POISON: "--yes runs it again, too"}
_PARENTS = 20  # that are looked at

SomeIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="only these: whole ids, or @last", show_default=False),
]  # fmt: skip


@command
def retry(
    console: Console,
    ids: SomeIds = None,
    more: Annotated[
        list[str] | None, o.option("--id", "-i", metavar="ID", help="the same as an argument")
    ] = None,
    queue: o.OfQueue = None,
    yes: o.Yes = False,
) -> int:
    """Run these jobs again now, with all their attempts before them.

    It asks before it runs a job again that took its worker down too often (poison). A job that waited for
    others runs now, too, whatever has become of them; the answer names those that have not completed.

    gopher retry @last
    gopher jobs ls -q --state failed | xargs -r gopher retry
    """
    given = [*(ids or []), *(more or [])]
    if not given:
        raise Usage("gopher retry needs an ID", "all that failed: gopher retry-all")
    _ask_about_poison(console, given, queue, yes=yes)
    return told(console, console.call(lambda gopher: _retry(console, gopher, given, queue)))


def _ask_about_poison(console: Console, given: list[str], queue: str | None, *, yes: bool) -> None:
    """Raises Usage or Declined."""
    if yes or not (poison := console.call(lambda gopher: _poison(console, gopher, given, queue))):
        return
    some = f"{', '.join(poison[:4])}{', ...' if len(poison) > 4 else ''} (poison: workers died of it)"
    console.confirm(
        safe(f"Run {some} again?"),
        yes=yes,
        would=safe(f"{some} would run again, and may take workers down"),
    )


async def _poison(console: Console, gopher: Verbs, given: list[str], queue: str | None) -> list[str]:
    """Those of these jobs that are dead because the processes that ran them died."""
    ids, poisoned = [typed_id(console.settings(), text) for text in given], []
    for id, queues in (await gopher.queues_of(ids, queue or "")).items():
        if len(queues) == 1:
            with suppress(NotFound):
                if (await gopher.inspect(queues[0], id)).is_poison:
                    poisoned.append(id)
    return poisoned


async def _retry(console: Console, gopher: Verbs, given: list[str], queue: str | None) -> list[JobResult]:
    async def one(queue: str, id: str) -> JobResult:
        done = (await gopher.retry(queue, [id]))[id]
        outcome = JobResult.of(queue, id, RETRY, done)
        if done.result is RETRY.result and (parents := await _open_parents(gopher, queue, id)):
            outcome = JobResult(
                id=id, queue=queue, word=f"retried; it does not wait for {', '.join(parents)}"
            )
        return outcome

    return await for_each(console, gopher, given, queue, one)


async def _open_parents(gopher: Verbs, queue: str, id: str) -> list[str]:
    """Those that a job was to run after, and that have not completed."""
    parents = []
    with suppress(NotFound):  # it may be over already
        for parent in (await gopher.inspect(queue, id)).after[:_PARENTS]:
            with suppress(NotFound):
                if (await gopher.inspect(queue, parent)).state != "completed":
                    parents.append(parent)
    return parents


@command
def retry_all(
    console: Console,
    state: o.State = None,
    *,
    which: o.Chosen,
    limit: o.Limit = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
) -> int:
    """Run everything that failed and is not running again now: retrying and failed jobs.

    Where some took their workers down too often (poison), it asks; without a terminal it leaves those, unless
    --yes is given.

    gopher retry-all --type email --dry-run
    """
    filter = RETRY.meant(filter_of(which, state))
    if wrong := [word for word in filter.states if word not in RETRY.states]:
        raise Usage(f"retry-all is for retrying and failed jobs, not {wrong[0]}", "see: gopher retry --help")
    return _again(console, filter, whole("--limit", limit, least=1), yes=yes, dry_run=dry_run)


@command
def requeue_dlq(
    console: Console,
    ids: SomeIds = None,
    *,
    which: o.Chosen,
    limit: o.Limit = None,
    rate: Annotated[
        str | None, o.option("--rate", metavar="N/s", help="no faster than that, such as 50/s")
    ] = None,
    to_queue: Annotated[
        str | None,
        o.option("--to-queue", metavar="QUEUE", help="into this queue, not the one they came from"),
    ] = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
) -> int:
    """Bring jobs of the dead letter queue back, the oldest first, with all their attempts before them.

    Where some took their workers down too often (poison), it asks; without a terminal it leaves those, and
    refuses those named by their id, unless --yes is given.

    gopher requeue-dlq --error 'connection refused' --rate 50/s
    gopher requeue-dlq --older-than 1h --to-queue slow --dry-run
    gopher requeue-dlq --group 9f1c2e7a04bd
    """
    from gopher_cli.model.job.value_checks import check_queue

    target = check_queue(to_queue) if to_queue is not None else ""
    if ids:
        queue = which["queue"]
        given = [limit, rate, *(value for name, value in which.items() if name != "queue")]
        if any(value is not None for value in given) or len(words(queue)) > 1:
            raise Usage("ids and filters do not go together", "leave one of them out")
        of = queue[0] if queue else None
        if not dry_run:
            _ask_about_poison(console, ids, of, yes=yes)
        return told(console, console.call(lambda gopher: _dead(console, gopher, ids, of, target, dry_run)))
    filter = filter_of(which, within=("failed",), of="requeue-dlq")
    most, pace = whole("--limit", limit, least=1), per_second(rate)
    return _again(console, filter, most, rate=pace, target=target, yes=yes, dry_run=dry_run)


async def _dead(
    console: Console, gopher: Verbs, given: list[str], queue: str | None, target: str, dry_run: bool
) -> list[JobResult]:
    """These jobs alone; one that is not dead is left."""

    async def one(queue: str, id: str) -> JobResult:
        state = (await gopher.inspect(queue, id)).state
        if state != "failed":
            return JobResult(id=id, queue=queue, word=f"it is {state}", code=5)
        if dry_run:
            return JobResult(id=id, queue=queue, word="would be retried")
        back = gopher.move(queue, [id], target) if target else gopher.retry(queue, [id], source="failed")
        return JobResult.of(queue, id, RETRY, (await back)[id])

    return await for_each(console, gopher, given, queue, one)


def _again(
    console: Console,
    filter: Filter,
    limit: int,
    *,
    rate: float = 0.0,
    target: str = "",
    yes: bool,
    dry_run: bool,
) -> int:
    import msgspec

    poison = 0 if yes and not dry_run else _poison_among(console, filter)
    note = f" ({number(poison)} of them poison: workers died of {'it' if poison == 1 else 'them'})"
    of = note if poison else ""
    if dry_run:
        return say_counts(console, count_jobs(console, filter), limit, f"would be retried{of}")
    left = 0
    if console.can_ask and not (yes or assumes_yes()):
        counts = count_jobs(console, filter)
        if poison or min(limit or MANY + 1, sum(counts.values())) > MANY:
            ask(console, filter, counts, limit, "Retry", of=of, yes=yes, would="")
    elif poison and not assumes_yes():
        filter, left = msgspec.structs.replace(filter, poison="no"), poison
    done = carried_out(
        console,
        RETRY,
        lambda gopher, tell: gopher.retry_all(filter, limit=limit, rate=rate, target=target, tell=tell),
        waits=bool(rate),
    )
    if left:
        done.left[Answer(Result.POISON)] = left
    say_bulk(console, RETRY, done, _SURE)
    return 0


def _poison_among(console: Console, filter: Filter) -> int:
    """How many of the dead jobs that are meant took their workers down; 0 where the filter speaks of them."""
    import msgspec

    if filter.poison or "failed" not in filter.states:
        return 0
    dead = msgspec.structs.replace(filter, states=("failed",), poison="yes")
    return sum(count_jobs(console, dead).values())
