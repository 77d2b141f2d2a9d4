"""Checks of a payload and its type before anything is sent, with what workers have published."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gopher_cli.cli.input.job_options import given_by
from gopher_cli.cli.shell.console import Console
from gopher_cli.model.errors import Denied, GopherError, NotFound
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.verbs.protocol import Verbs


_TYPED = 10


async def published_types(gopher: Verbs) -> dict[str, Any]:
    """The types that workers have published, with their schemas; none for a key that may only submit: the
    server checks the payload in any case."""
    try:
        return await gopher.types()
    except Denied:
        return {}


async def checked(
    console: Console, gopher: Verbs, type: str, payload: bytes, app: str, given: dict[str, Any]
) -> dict[str, Any]:
    """The options of a job whose payload fits its type, as far as that is known; with ``app`` those of its
    handler, too. Raises Usage, BadData, or NotFound for a type that the app does not have."""
    from gopher_cli.model.job.payload import check_json
    from gopher_cli.model.job.value_checks import check_type

    check_type(type)
    check_json(payload)
    if app:
        return _of_app(type, payload, app) | given
    raw = await gopher.schema_of(type)
    if raw is None:
        warn_unknown(console, type, await published_types(gopher))
    else:
        check_schema(type, raw, payload)
    return given


def _of_app(type: str, payload: bytes, app: str) -> dict[str, Any]:
    import msgspec

    from gopher_cli.load_handlers import load_registry

    registry = load_registry(app)
    handler = registry.get(type)
    if handler is None:
        raise NotFound(f"{app} has no handler for {type}", guess(type, registry))
    handler.decode(msgspec.Raw(payload))
    return given_by(timeout=handler.timeout, max_retries=handler.retries, backoff=handler.backoff or None)


def check_schema(type: str, raw: bytes, payload: bytes) -> None:
    """Raises BadData where the payload does not fit what workers have published."""
    import msgspec

    from gopher_cli.model.schema.json_schema import check_payload

    try:
        schema = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return
    if isinstance(schema, dict) and schema:
        check_payload(type, schema, msgspec.json.decode(payload))


def warn_unknown(console: Console, type: str, known: dict[str, Any]) -> None:
    """A type that no worker has published may come later: said, not refused."""
    if known and type not in known:
        hint = guess(type, known)
        console.warn(safe(f"no worker has published the type {type}" + (f"; {hint}" if hint else "")))


async def warn_of_queue(console: Console, gopher: Verbs, queue: str) -> None:
    """Of a queue that is perhaps misspelt: said, not refused. It may be new, or be served later."""
    from gopher_cli.verbs.read.queue_guess import doubt  # late: most submits ask nobody

    with suppress(GopherError):  # a key that may only submit; or whatever goes wrong: the job is what counts
        known = set(await gopher.queues()) - set(gopher.new_queues)
        if reason := doubt(queue, known, await gopher.workers()):
            console.warn(safe(reason))


class Queues:
    """The queues of a batch: each is looked at once, and only the first ones. Nobody has typed a hundred."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seen: set[str] = set()

    async def look(self, gopher: Verbs, queue: str) -> None:
        if queue not in self._seen and len(self._seen) < _TYPED:
            self._seen.add(queue)
            await warn_of_queue(self._console, gopher, queue)


def guess(typed: str, known: Any) -> str:
    from gopher_cli.cli.shell.suggestions import nearest

    near = nearest(typed, known)
    return f"did you mean {near}?" if near else ""
