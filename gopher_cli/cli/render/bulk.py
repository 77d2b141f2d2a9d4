"""Actions on many jobs: the question before, how far it is, and what was done when it is interrupted."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gopher_cli.cli.render.counts import Counts, some_of
from gopher_cli.cli.render.progress import Counter
from gopher_cli.cli.render.styles import plural, types_of
from gopher_cli.cli.shell.console import Console, assumes_yes
from gopher_cli.cli.terminal.tables import write_answer
from gopher_cli.model.select.actions import Action, Result
from gopher_cli.model.select.bulk import Bulk, Tell, words_of
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.model.select.filter import Filter
    from gopher_cli.verbs.protocol import Verbs

MANY = 10_000  # more jobs than that are not changed for a "y": that is too quickly typed
NO_ADVICE: Mapping[Result, str] = {}
_SAMPLE, _SECONDS = 500, 1.0  # of jobs whose types a question names


def ask(
    console: Console, filter: Filter, counts: Counts, limit: int, verb: str, *, of: str, yes: bool, would: str
) -> None:
    """Ask whether to do this to so many jobs: where that is, and of which types they are.

    ``of`` says more of them behind their number. Raises Usage where nobody can answer, Declined for a no.
    """
    if console.can_ask and not (yes or assumes_yes()):
        console.note(f"at {_server(console)}; {_types(console, filter)}")
    jobs = min(limit or sum(counts.values()), sum(counts.values()))
    console.confirm(
        f"{verb} {some_of(counts, limit)}{of}?",
        yes=yes, would=would, word=verb.lower() if jobs > MANY else "",
    )  # fmt: skip


def _server(console: Console) -> str:
    settings = console.settings()
    where = settings.api_url if console.works_remotely(settings) else settings.masked_url()
    marked = (origin.rpartition(" [")[2][:-1] for origin in settings.origins.values() if origin.endswith("]"))
    profile = console.flags.get("profile") or os.environ.get("GOPHER_PROFILE") or next(marked, "")
    return safe(f"{where}, profile {profile}" if profile else where)


def _types(console: Console, filter: Filter) -> str:
    """The types of the oldest of these jobs; of all, where that is quickly known."""
    if filter.type:
        return safe(f"type {filter.type}")
    jobs: dict[str, int] = {}

    async def work(gopher: Verbs) -> bool:
        until = time.monotonic() + _SECONDS
        async for rows, _ in gopher.slices(filter, newest=False):
            for row in rows:
                jobs[row.type] = jobs.get(row.type, 0) + 1
            if sum(jobs.values()) >= _SAMPLE or time.monotonic() >= until:
                return False
        return True

    whole = console.call(work)
    types = types_of(jobs) or "not known"
    return f"types: {types}" if whole else f"types of the oldest: {types}"


def carried_out(
    console: Console,
    action: Action,
    work: Callable[[Verbs, Tell], Coroutine[Any, Any, Bulk]],
    *,
    waits: bool = False,
) -> Bulk:
    """Do it, and show how many are done by now. Raises KeyboardInterrupt, after it has said that too."""
    counter = Counter(console, action.done)
    try:
        with _held_back(console, at_once=waits) as check:

            def tell(count: int) -> None:
                counter.show(count)
                check()

            return console.call(lambda gopher: work(gopher, tell), waits=waits)
    except KeyboardInterrupt:
        counter.clear()
        console.warn(
            f"interrupted: {plural(counter.count, 'job')} {action.done}, the others are as they were"
        )
        raise
    finally:
        counter.clear()


@contextmanager
def _held_back(console: Console, *, at_once: bool) -> Iterator[Callable[[], None]]:
    """Ctrl-C counts when the slice that is being worked on is done, so that what was done is known.

    The second one counts at once, and so does the first where there is nothing but waiting.
    """
    came, before = False, signal.getsignal(signal.SIGINT)
    if at_once or before is not signal.default_int_handler:
        yield lambda: None
        return

    def take(*_: Any) -> None:
        nonlocal came
        if came:
            raise KeyboardInterrupt
        came = True
        console.say("stopping; Ctrl-C again stops at once")

    def check() -> None:
        if came:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, take)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


def say_bulk(console: Console, action: Action, done: Bulk, known: Mapping[Result, str] = NO_ADVICE) -> None:
    """What a bulk verb did; those that it had to leave, with the reason, and what is ``known`` to help."""
    left = {one: n for one, n in done.left.items() if one.result not in (Result.AGAIN, Result.GONE)}
    answer = {action.done: done.changed, "left": words_of(left)}
    write_answer(console, answer, [f"{plural(done.changed, 'job')} {action.done}"])
    if console.format in ("json", "ndjson", "csv"):
        return
    for one, count in left.items():
        advice = f": {known[one.result]}" if one.result in known else ""
        console.warn(safe(f"{plural(count, 'job')} left: {one.why}{advice}"))
