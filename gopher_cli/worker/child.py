"""The inside of an isolated process: one job at a time, told and answered over a socket."""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
import sys
from collections.abc import Awaitable
from typing import Any, BinaryIO, cast

import msgspec

from gopher_cli.config import Settings
from gopher_cli.context import Context
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Handler
from gopher_cli.loading import load_registry
from gopher_cli.model.job import Job, Lease
from gopher_cli.model.outcome import Discarded, Failed, Outcome, Snoozed, Succeeded
from gopher_cli.model.terms import terms_of
from gopher_cli.store.codec import decode_spec
from gopher_cli.verbs.producing import new_job
from gopher_cli.worker import outcomes
from gopher_cli.worker.capture import capture
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.run import Place, Run, here

_LOG_LIMIT = 65536


class ChildLink:
    """Implements context.Link over the socket; everything blocks, which is fine in a process of one job."""

    def __init__(self, file: BinaryIO, settings: Settings) -> None:
        self._file = file
        self.settings = settings
        self._gopher: Gopher | None = None

    @property
    def gopher(self) -> Gopher:
        """Connected on first use: few isolated handlers need it."""
        if self._gopher is None:
            from gopher_cli.build import furnish

            self._gopher = Gopher()
            furnish(self._gopher, settings=self.settings)
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
        self.send(log=text[-_LOG_LIMIT:].encode("utf-8", "backslashreplace").decode())

    def progress(self, lease: Lease, fraction: float, message: str) -> None:
        self.send(progress=fraction, message=message)

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
        return outcomes.failed(error)
    finally:
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


def main(fd: int) -> None:
    with socket.socket(fileno=fd) as end, end.makefile("rwb") as file:
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


if __name__ == "__main__":
    main(int(sys.argv[1]))
