"""Following a job to its end: its log to stderr, its result to stdout, its fate as the exit code."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from gopher_cli.cli.render.styles import log_line, span
from gopher_cli.cli.shell.console import Console, pause
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.job import FINAL
from gopher_cli.model.text.log_lines import new_lines
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.model.views.job_view import JobDetail
    from gopher_cli.verbs.protocol import Verbs

T = TypeVar("T")
_FIRST, _LONGEST = 0.01, 0.25
_PATIENCE = 1.0  # seconds, before we say why nothing happens


class Ended(GopherError):
    """The job did not complete."""

    def __init__(self, message: str, hint: str, exit_code: int = 1) -> None:
        super().__init__(message, hint)
        self.exit_code = exit_code


class TimedOut(Ended):
    """The job goes on; we do not wait for it any longer."""


async def follow(gopher: Verbs, console: Console, queue: str, id: str, wait: float) -> JobDetail:
    """The job when it has ended. Raises TimedOut after ``wait`` seconds (0: never)."""
    from time import monotonic

    began, step, teller = monotonic(), _FIRST, _Teller(console)
    while True:
        job = await gopher.inspect(queue, id)
        teller.tell(job, monotonic() - began)
        if job.state in FINAL:
            return job
        left = wait - (monotonic() - began) if wait else _LONGEST
        if left <= 0:
            message = f"{id} is still {job.state} after {span(wait)}; it goes on"
            raise TimedOut(message, f"gopher inspect {id} --wait", 124)
        await pause(min(step, left))
        step = min(_LONGEST, step * 1.4)


class _Teller:
    """Log lines and progress as they come, and once a reason why nothing happens."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.lines: list[str] = []
        self.progress: object = None
        self.explained = False

    def tell(self, job: JobDetail, waited: float) -> None:
        for line in new_lines(self.lines, job.log):
            if not self.console.quiet:
                print(safe(log_line(line)[1]), file=self.console.err, flush=True)
        self.lines = job.log
        if job.progress and job.progress != self.progress:
            self.progress = job.progress
            self.console.say(progress_words(job.progress))
        if not self.explained and waited > _PATIENCE and job.why_not_running:
            self.explained = True
            self.console.warn(safe(f"not running yet: {job.why_not_running}"))


def progress_words(progress: dict[str, Any]) -> str:
    fraction, message = progress.get("fraction"), progress.get("message", "")
    done = f"{fraction:.0%}" if isinstance(fraction, (int, float)) else "?"
    return safe(f"{done} {message}".strip())


def finish(console: Console, job: JobDetail) -> int:
    """Print the result; raises Ended for a job that failed or was cancelled."""
    if console.format in ("json", "ndjson"):
        outcome = {
            "job_id": job.id,
            "status": job.state,
            "result": job.exact_result,
            "error": last_error(job) or None,
        }
        console.json(outcome, lines=console.format == "ndjson")
    elif job.state == "completed" and not console.quiet and job.result is not None:
        if isinstance(job.result, str):
            console.print(safe(job.result, lines=True) if console.out_tty else job.result)
        else:
            console.json(job.exact_result)
    if job.state == "completed":
        return 0
    see = f"gopher inspect {job.id}"
    if job.state == "cancelled":
        raise Ended(f"{job.id} was cancelled", see)
    raise Ended(f"{job.id} failed: {last_error(job) or 'no reason is known'}", see, exit_code_of(job))


def last_error(job: JobDetail) -> str:
    return next((event.error for event in reversed(job.history) if event.error), "")


def exit_code_of(job: JobDetail) -> int:
    """That of an executable, where it may mean something; else 1."""
    code = next((event.exit_code for event in reversed(job.history) if event.exit_code), 0)
    return code if 1 <= code <= 113 else 1


def wait_for(console: Console, id: str, work: Callable[[Verbs], Coroutine[Any, Any, T]]) -> T:
    """Run ``work``; Ctrl-C leaves the job alone and says how to come back to it."""
    try:
        return console.call(work)
    except KeyboardInterrupt:
        print(f"\ndetached; the job goes on: gopher inspect {id} --wait", file=console.err)
        raise
