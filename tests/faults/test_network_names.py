"""Before the first byte: names that mean nothing, or several places, or another place than before; TLS
that never comes to an end."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from awake_clock import awake, clock
from faults.proxy import Proxy, proxy_before
from servers import own_server

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Unavailable
from gopher_cli.producer import Producer
from gopher_cli.store.stores.plain_socket import WireStore
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.stores.threaded import SyncStore
from gopher_cli.store.url import parse_url

pytestmark = [pytest.mark.anyio, pytest.mark.row("N7")]
NAME = "redis.test"


@pytest.fixture
def line(redis_url: str) -> Iterator[Proxy]:
    with proxy_before(redis_url) as proxy:
        yield proxy


@pytest.fixture
def means(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``means("127.0.0.2", "127.0.0.1")``: these are the addresses of redis.test from now on."""
    real, places = socket.getaddrinfo, list[str]()

    def look_up(host: Any, *words: Any, **more: Any) -> Any:
        if host != NAME:
            return real(host, *words, **more)
        if not places:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [found for place in places for found in real(place, *words, **more)]

    def mean(*addresses: str) -> None:
        places[:] = addresses

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return mean


class Doors:
    """The same submit by asyncio, by a blocking client, and by the plain socket of short commands."""

    def __init__(self, url: str, namespace: str) -> None:
        address = parse_url(url)
        self.stores = [RedisStore(address, timeout=60.0), WireStore(address, timeout=60.0)]
        self.gophers = [Gopher(store=store, namespace=namespace) for store in self.stores]  # type: ignore[arg-type]
        self.producer = Producer(store=SyncStore(address, timeout=60.0), namespace=namespace)
        self.ways = [*(gopher.submit for gopher in self.gophers), self._blocking]

    async def _blocking(self, type: str) -> str:
        return self.producer.submit(type)

    async def submit(self) -> list[str]:
        return [await submit("t") for submit in self.ways]

    async def refusals(self) -> list[str]:
        said = []
        for submit in self.ways:
            with pytest.raises(Unavailable) as refused:
                await submit("t")
            said.append(str(refused.value))
        return said

    async def close(self) -> None:
        for gopher in self.gophers:
            await gopher.close()
        self.producer.close()


async def test_every_address_of_a_name_is_tried(
    line: Proxy, namespace: str, gopher: Gopher, means: Callable[..., None]
) -> None:
    means("127.0.0.2", "127.0.0.1")  # nobody listens at the first
    doors = Doors(f"redis://{NAME}:{line.port}", namespace)

    assert len(await doors.submit()) == 3

    await doors.close()
    assert (await gopher.depth("default")).sizes["ready_normal"] == 3


async def test_a_name_that_means_another_place_now_is_looked_up_again(
    line: Proxy, namespace: str, gopher: Gopher, means: Callable[..., None]
) -> None:
    means("127.0.0.1")
    doors = Doors(f"redis://{NAME}:{line.port}", namespace)
    await doors.submit()

    means()
    line.cut()
    for said in await doors.refusals():
        assert "no such host" in said
    means("127.0.0.1")
    await doors.submit()

    await doors.close()
    assert (await gopher.depth("default")).sizes["ready_normal"] == 6


async def test_a_handshake_that_never_ends_is_given_up_in_time(namespace: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"rediss://127.0.0.1:{silent.getsockname()[1]}"
        store = RedisStore(parse_url(url))
        began = clock()
        with pytest.raises(Unavailable):
            await Gopher(store=store, namespace=namespace).submit("t")
        await store.close()

    print(f"N7 TLS: given up after {awake(began):.2f} s")
    assert awake(began) < 60


async def test_tls_to_a_server_that_speaks_none_is_told_as_out_of_reach(namespace: str) -> None:
    with own_server(tcp=True) as server:
        store = RedisStore(parse_url(server.url.replace("redis:", "rediss:")))
        with pytest.raises(Unavailable, match="cannot reach Redis"):
            await Gopher(store=store, namespace=namespace).submit("t")
        await store.close()
