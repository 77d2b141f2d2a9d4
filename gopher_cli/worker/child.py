"""The inside of an isolated process: one job at a time, told and answered over a socket (its stdin)."""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
import time
from collections.abc import Awaitable
from typing import Any, BinaryIO, cast

import msgspec

from gopher_cli.config import Settings
from gopher_cli.context import Context
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Handler
from gopher_cli.loading import load_registry
from gopher_cli.model.job import Job, Lease
from gopher_cli.model.outcome import Discarded, Failed, Lost, Outcome, Snoozed, Succeeded
from gopher_cli.model.terms import terms_of
from gopher_cli.store.codec import decode_spec
from gopher_cli.verbs.producing import new_job
from gopher_cli.worker import outcomes
from gopher_cli.worker.capture import capture
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.run import Place, Run, here

_LOG_LIMIT = 65536
_PROGRESS = 0.25  # seconds between two words of progress


class ChildLink:
    """Implements context.Link over the socket; everything blocks, which is fine in a process of one job."""

    def __init__(self, file: BinaryIO, settings: Settings) -> None:
        self._file = file
        self.settings = settings
        self._gopher: Gopher | None = None
        self._progress: dict[str, Any] = {}
        self._told = 0.0

    @property
    def gopher(self) -> Gopher:
        """Connected on first use: few isolated handlers need it."""
        if self._gopher is None:
            from gopher_cli.build import furnish

            self._gopher = Gopher()
            furnish(self._gopher, settings=self.settings, start=False)
        return self._gopher

    async def awaited(self, value: Awaitable[Any]) -> Any:
        """In a loop of its own, which its connections do not outlive."""
        try:
            return await value
        finally:
            gopher, self._gopher = self._gopher, None
            if gopher is not None:
                await gopher.close()

    def send(self, **message: Any) -> None:
        self._file.write(msgspec.json.encode(message) + b"\n")
        self._file.flush()

    def receive(self) -> dict[str, Any] | None:
        line = self._file.readline()
        return cast(dict[str, Any], msgspec.json.decode(line)) if line.endswith(b"\n") else None

    def log(self, lease: Lease, text: str) -> None:
        self.send(log=_text(text[-_LOG_LIMIT:]))

    def progress(self, lease: Lease, fraction: float, message: str) -> None:
        """Only the newest word counts, so a handler may say it as often as it likes."""
        self._progress = {"progress": fraction, "message": _text(message[:500])}
        if time.monotonic() - self._told >= _PROGRESS:
            self.tell_progress()

    def tell_progress(self) -> None:
        if self._progress:
            said, self._progress = self._progress, {}
            self.send(**said)
            self._told = time.monotonic()

    def make(self, lease: Lease, type: str, payload: Any, options: dict[str, Any]) -> Job:
        from gopher_cli.build import defaults_of

        job = new_job(defaults_of(self.settings), type, payload, **options)
        self.send(
            submit=type,
            payload=msgspec.json.decode(job.spec.payload),
            options=options | {"id": job.id},
        )
        return job

    def on_loop(self) -> bool:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return False
        return True

    async def recall(self, lease: Lease, key: str, value: bytes) -> bytes | None:
        return self.recall_blocking(lease, key, value)

    def recall_blocking(self, lease: Lease, key: str, value: bytes) -> bytes | None:
        self.send(recall=key, value=value.decode())
        answer = self.receive() or {}
        known: str | None = answer.get("known")
        return known.encode() if known is not None else None


def _text(text: str) -> str:
    """Lone surrogates cannot be sent: they become visible escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def perform(handler: Handler, lease: Lease, link: ChildLink) -> Outcome:
    from gopher_cli.build import defaults_of

    terms = terms_of(lease.spec, handler, defaults_of(link.settings))
    context = Context(lease, link, terms)
    run = Run(lease, handler, terms, 0.0, 0)
    here.set(Place(run))
    try:
        arguments: list[Any] = [handler.decode(lease.spec.payload)] if handler.wants_payload else []
        if handler.wants_context:
            arguments.append(context)
        value = handler.call(*arguments)
        value = asyncio.run(link.awaited(value)) if inspect.isawaitable(value) else value
        return outcomes.succeeded(value)
    except SystemExit as error:
        return Failed(f"SystemExit: {error}")
    except BaseException as error:
        if isinstance(error, MemoryError) and link.settings.job_memory:
            return Lost(f"MemoryError: {error}".rstrip(": "))
        return outcomes.failed(error)
    finally:
        link.tell_progress()
        if run.partial:
            link.log(lease, run.partial)


def tell(link: ChildLink, outcome: Outcome) -> None:
    match outcome:
        case Succeeded():
            link.send(result=outcome.result.decode())
        case Snoozed():
            link.send(failed=outcome.reason, snooze=outcome.seconds)
        case Discarded():
            link.send(failed=outcome.error, traceback=outcome.traceback, discard=True)
        case Failed():
            delay = {} if outcome.delay is None else {"delay": outcome.delay}
            link.send(failed=outcome.error, traceback=outcome.traceback, **delay)
        case Lost():
            link.send(exhausted=outcome.error)


def main() -> None:
    with socket.socket(fileno=_taken_from_stdin()) as end, end.makefile("rwb") as file:
        settings = Settings.resolve(os.environ)
        link = ChildLink(cast(BinaryIO, file), settings)
        first = link.receive()
        if first is None:
            return
        options = msgspec.convert(first["options"], WorkerOptions)
        registry = load_registry(options.app, options.programs)
        capture(lambda run, text: link.log(run.lease, text))
        while (job := link.receive()) is not None:
            spec = decode_spec(job["spec"].encode())
            lease = Lease(job["id"], job["queue"], job["token"], job["attempt"], job["losses"], spec)
            handler = registry.get(spec.type)
            tell(
                link,
                perform(handler, lease, link) if handler else Failed(f"no handler for {spec.type}"),
            )


def _taken_from_stdin() -> int:
    """What a handler reads from stdin, and what its programs inherit, must not be our words."""
    channel, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return channel


if __name__ == "__main__":
    main()
