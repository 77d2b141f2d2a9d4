"""The inside of an isolated process: one job at a time, told and answered over a socket (its stdin)."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import socket
from typing import Any

from gopher_cli.config import Settings
from gopher_cli.connect import defaults_of
from gopher_cli.context import Context
from gopher_cli.failpoints import failpoint
from gopher_cli.handlers import Handler
from gopher_cli.load_handlers import load_registry
from gopher_cli.model.job.job import Lease
from gopher_cli.model.job.outcome import Failed, Lost, Outcome
from gopher_cli.model.job.terms import terms_of
from gopher_cli.process_setup import leave_to_others, let_forks_heed
from gopher_cli.store.codec import decode_spec
from gopher_cli.worker.execution import outcomes
from gopher_cli.worker.execution.attempt import Attempt, Place, here
from gopher_cli.worker.execution.capture import capture
from gopher_cli.worker.forks import leave_if_forked
from gopher_cli.worker.messages import Begun, Finished, Prepare, Ready, Unready
from gopher_cli.worker.programs.isolated_link import IsolatedLink, Line
from gopher_cli.worker.programs.process_tree import taken_from_stdin

_NOT_FOR_JOBS = (signal.SIGUSR1, signal.SIGUSR2)


def perform(handler: Handler, lease: Lease, link: IsolatedLink) -> Outcome:
    own = os.getpid()
    terms = terms_of(lease.spec, handler, defaults_of(link.settings))
    context = Context(lease, link, terms)
    attempt = Attempt(lease, handler, terms, 0.0, 0)
    here.set(Place(attempt))
    try:
        arguments: list[Any] = [handler.decode(lease.spec.payload)] if handler.wants_payload else []
        if handler.wants_context:
            arguments.append(context)
        value = handler.call(*arguments)
        value = _awaited(link, own, value) if inspect.isawaitable(value) else value
        leave_if_forked(own)
        return outcomes.succeeded(value)
    except BaseException as error:
        leave_if_forked(own, error)
        return _failed(error, link.settings)
    finally:
        link.send_progress()
        if attempt.partial:
            link.log(lease, attempt.partial)


def _awaited(link: IsolatedLink, own: int, value: Any) -> Any:
    """A fork ends in here: the loop is its parent's, and must not be closed by it."""
    with asyncio.Runner() as loop:
        try:
            value = loop.run(link.awaited(value))
        except BaseException as error:
            leave_if_forked(own, error)
            raise
        leave_if_forked(own)
        return value


def _failed(error: BaseException, settings: Settings) -> Outcome:
    if isinstance(error, SystemExit):
        return Failed(f"SystemExit: {error}")
    if isinstance(error, MemoryError) and settings.job_memory:
        why = f"MemoryError: {error}".rstrip(": ")
        return Lost(f"its process had no memory left (GOPHER_JOB_MEMORY is {settings.job_memory} MB): {why}")
    return outcomes.failed(error)


def main() -> None:
    line = Line(socket.socket(fileno=taken_from_stdin()))
    _end_when_told(line)
    first = line.receive()
    if not isinstance(first, Prepare):
        return
    options = first.options
    try:
        link = IsolatedLink(line, Settings.resolve(os.environ))
        registry = load_registry(options.app, options.programs, options.builtin)
    except Exception as error:
        line.send(Unready(f"{error}"))
        return
    line.send(Ready())
    capture(lambda attempt, text: link.log(attempt.lease, text), forks_too=True)
    while (job := link.next_job()) is not None:
        spec = decode_spec(job.spec.encode())
        lease = Lease(job.id, job.queue, job.token, job.attempt, job.losses, spec)
        handler = registry.get(spec.type)
        failpoint("child.ready")
        line.send(Begun(lease.token))
        outcome = perform(handler, lease, link) if handler else Failed(f"no handler for {spec.type}")
        line.send(Finished(lease.token, outcome))


def _end_when_told(line: Line) -> None:
    """A service manager may signal every process of its unit: a job ends by SIGTERM when its runner says so.

    A fork is the business of who has made it.
    """

    def heed(number: int, _: object) -> None:
        if line.is_over:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    orders = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    leave_to_others(orders, heed)
    leave_to_others(_NOT_FOR_JOBS)
    let_forks_heed(orders, heed)
    let_forks_heed(_NOT_FOR_JOBS)


if __name__ == "__main__":
    main()
