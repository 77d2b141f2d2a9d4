"""Checks of a payload and its type before anything is sent, with what workers have published."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gopher_cli.cli.console import Console
from gopher_cli.cli.safe import safe
from gopher_cli.model.errors import Denied, GopherError

if TYPE_CHECKING:
    from gopher_cli.gopher import Gopher


_TYPED = 10


async def published_types(gopher: Gopher) -> dict[str, Any]:
    """The types that workers have published, with their schemas; none for a key that may only submit: the
    server checks the payload in any case."""
    try:
        return await gopher.types()
    except Denied:
        return {}


def check_schema(type: str, raw: bytes, payload: bytes) -> None:
    """Raises BadData where the payload does not fit what workers have published."""
    import msgspec

    from gopher_cli.model.schema import check_payload

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


async def warn_of_queue(console: Console, gopher: Gopher, queue: str) -> None:
    """Of a queue that is perhaps misspelt: said, not refused. It may be new, or be served later."""
    from gopher_cli.verbs.queue_guess import doubt  # late: most submits ask nobody

    with suppress(GopherError):  # a key that may only submit; or whatever goes wrong: the job is what counts
        known = set(await gopher.queues()) - set(gopher.new_queues)
        if said := doubt(queue, known, await gopher.workers()):
            console.warn(safe(said))


class Queues:
    """The queues of a batch: each is looked at once, and only the first ones. Nobody has typed a hundred."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seen: set[str] = set()

    async def look(self, gopher: Gopher, queue: str) -> None:
        if queue not in self._seen and len(self._seen) < _TYPED:
            self._seen.add(queue)
            await warn_of_queue(self._console, gopher, queue)


def guess(typed: str, known: Any) -> str:
    from gopher_cli.cli.guesses import nearest

    near = nearest(typed, known)
    return f"did you mean {near}?" if near else ""
