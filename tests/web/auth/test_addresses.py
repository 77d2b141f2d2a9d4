"""Where a request comes from, and how often somebody may do something."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from gopher_cli.model.text.rate import Rate
from gopher_cli.web.auth import token_buckets
from gopher_cli.web.auth.addresses import Addresses, neighbourhood
from gopher_cli.web.auth.token_buckets import Buckets, whole_seconds

TRUSTED = "10.0.0.0/8,2001:db8::/32,127.0.0.1/32"


def request(peer: str | None, *forwarded: str, proto: str = "", scheme: str = "http") -> Request:
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    headers += [(b"x-forwarded-proto", proto.encode())] if proto else []
    client = None if peer is None else (peer, 1)
    return Request({"type": "http", "client": client, "headers": headers, "scheme": scheme, "path": "/",
                    "server": ("h", 80), "query_string": b""})  # fmt: skip


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["evil, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["evil"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1:4711, 10.0.0.2:80"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:4860::8]:4711"], "2001:4860::8"),
        ("10.0.0.1", ["[2001:4860::8]"], "2001:4860::8"),
        ("10.0.0.1", ["198.51.100.1:port"], "10.0.0.1"),
        ("10.0.0.1", ["[198.51.100.1"], "10.0.0.1"),
        ("2001:db8::1", ["2001:4860::8:4711"], "2001:4860::8:4711"),
        ("2001:db8::1", ["2001:4860::8"], "2001:4860::8"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        (None, ["198.51.100.1"], ""),
    ],
)
def test_the_last_hop_that_is_not_trusted_is_the_client(
    peer: str | None, forwarded: list[str], client: str
) -> None:
    assert Addresses(TRUSTED).of(request(peer, *forwarded)) == client


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    assert Addresses("").of(request("10.0.0.1", "198.51.100.1")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "proto", "scheme", "secure"),
    [("10.0.0.1", "https", "http", True), ("10.0.0.1", "http", "http", False),
     ("192.0.2.1", "https", "http", False), ("10.0.0.1", "https, http", "http", False),
     ("192.0.2.1", "", "https", True)],
)  # fmt: skip
def test_https_is_what_we_speak_or_what_a_trusted_proxy_says(
    peer: str, proto: str, scheme: str, secure: bool
) -> None:
    assert Addresses(TRUSTED).is_secure(request(peer, proto=proto, scheme=scheme)) == secure


def test_all_of_a_64_is_one_neighbour() -> None:
    assert (
        neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1") != neighbourhood("2001:db8:0:1::1")
    )
    assert neighbourhood("192.0.2.1") != neighbourhood("192.0.2.2")


def test_a_bucket_gives_what_it_holds_and_then_what_flows_in() -> None:
    now = [1000.0]
    mine = Buckets(lambda: now[0])
    rate = Rate(3, 6)

    assert [mine.take("a", rate) for _ in range(4)] == [0.0, 0.0, 0.0, pytest.approx(2.0)]
    assert mine.take("b", rate) == 0.0
    now[0] += 1.5
    assert mine.wait("a", rate) == pytest.approx(0.5) and mine.take("a", rate) == pytest.approx(0.5)
    now[0] += 0.5
    assert mine.wait("a", rate) == 0.0 and mine.take("a", rate) == 0.0
    now[0] += 1e6
    assert [mine.take("a", rate) > 0 for _ in range(4)] == [False, False, False, True]


def test_buckets_are_not_more_than_memory_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_buckets, "MOST", 2)
    mine = Buckets(lambda: 1000.0)
    for name in ("a", "b", "a", "c"):
        mine.take(name, Rate(1, 60))

    assert len(mine._levels) == 2
    assert mine.wait("a", Rate(1, 60)) > 0  # seen last, and kept


def test_whoever_is_told_to_wait_comes_back_in_time() -> None:
    assert [whole_seconds(wait) for wait in (0.01, 1.0, 1.01)] == ["1", "1", "2"]
