"""Jobs in every state, made through the API's own Gopher."""

from __future__ import annotations

from typing import Any

import builders

from gopher_cli.gopher import Gopher


async def take(gopher: Gopher, count: int = 1, queue: str = "default") -> list[Any]:
    token = f"w.0:{next(builders._numbers)}"
    batch = await gopher.reserve(
        queue, worker="w.0", token=token, sequence=next(builders._numbers), count=count
    )
    return list(batch.leases)


async def end(gopher: Gopher, leases: list[Any], came_to: Any, data: bytes = b"") -> list[str]:
    """The attempts end so; the ids."""
    items = [builders.settlement(lease, came_to) for lease in leases]
    if data:
        items = [builders.msgspec.structs.replace(item, data=data) for item in items]
    await gopher.settle("w.0", items)
    return [lease.id for lease in leases]


async def in_every_state(gopher: Gopher, **given: Any) -> dict[str, str]:
    """A job of each state; its id by the name of the state."""
    made: dict[str, str] = {}
    for name, came_to in (
        ("completed", builders.success(b'{"sum":42}')),
        ("failed", builders.discard()),
        ("retrying", builders.failure(delay=60)),
    ):
        await gopher.submit("x", **given)
        said = b'{"outcome":"failed","error":"no use","attempt":1}' if name == "failed" else b""
        (made[name],) = await end(gopher, await take(gopher), came_to, said)
    made["processing"] = await gopher.submit("x", **given)
    await take(gopher)
    made["cancelled"] = await gopher.submit("x", **given)
    await gopher.cancel("default", [made["cancelled"]])
    made["enqueued"] = await gopher.submit("x", priority=9, **given)
    made["scheduled"] = await gopher.submit("x", delay=60, **given)
    made["blocked"] = await gopher.submit("x", after=[made["scheduled"]], **given)
    return made
