"""Laws of the `webhook` handler and of the guard that it shares with downloads."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import socket
import threading
from typing import Any

import msgspec
import pytest

from gopher_cli.builtin import net
from gopher_cli.builtin.webhook import Webhook, post, sign
from gopher_cli.model.job.signals import Discard, Retry


def run(ctx: Any, **payload: Any) -> Any:
    return post(msgspec.convert(payload, Webhook), ctx)


def test_a_body_is_posted_as_json_with_the_jobs_id(ctx: Any, web: Any) -> None:
    result = run(ctx, url=web.url + "/hook?x=1", body={"a": [1, "ü"]})

    ((method, path, headers, body),) = web.asked
    assert (method, path, json.loads(body)) == ("POST", "/hook?x=1", {"a": [1, "ü"]})
    assert headers["Content-Type"] == "application/json"
    assert ("job-1", "webhook-signature" in headers) == (headers["webhook-id"], False)
    assert result == {"status": 200, "webhook_id": "job-1", "bytes": 2}


def test_a_secret_signs_id_time_and_body(ctx: Any, web: Any) -> None:
    run(ctx, url=web.url, payload={"a": 1}, secret=["new", "whsec_" + "b2xk"])

    ((_, _, headers, body),) = web.asked
    text = b"job-1." + headers["webhook-timestamp"].encode() + b"." + body
    expected = [
        "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        for key in (b"new", b"old")
    ]
    assert expected == headers["webhook-signature"].split(" ")


def test_the_signature_is_the_one_of_a_known_vector() -> None:
    # Computed apart: printf '%s' 'm.1.{}' | openssl dgst -sha256 -hmac k -binary | base64
    assert sign("k", "m", "1", b"{}") == "v1,5HDAuTkTpxOhkrk9bBHzAsIh9dH985cPnRX2CFqL5iI="


@pytest.mark.parametrize("status", [408, 429, 500, 503])
@pytest.mark.row("S9")
def test_what_may_pass_is_tried_again(ctx: Any, web: Any, status: int) -> None:
    web.status = status

    with pytest.raises(Retry, match=str(status)) as caught:
        run(ctx, url=web.url)
    assert caught.value.delay is None


def test_retry_after_is_honoured_in_both_its_forms(ctx: Any, web: Any) -> None:
    web.status, web.headers = 429, {"Retry-After": "17"}

    with pytest.raises(Retry) as caught:
        run(ctx, url=web.url)
    assert caught.value.delay == 17
    assert net.pause_of("Thu, 01 Jan 1970 00:01:40 GMT", now=90) == 10
    assert net.pause_of("Thu, 01 Jan 1970 00:01:40 GMT", now=900) == 0
    assert net.pause_of("9" * 30, now=0) == net.MAX_PAUSE
    assert [net.pause_of(text, now=0) for text in ("soon", "", None)] == [None] * 3


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_other_refusals_are_final(ctx: Any, web: Any, status: int) -> None:
    web.status = status

    with pytest.raises(Discard, match=str(status)):
        run(ctx, url=web.url)


@pytest.mark.row("S9")
def test_a_redirect_is_not_followed(ctx: Any, web: Any) -> None:
    web.status, web.headers = 302, {"Location": web.url + "/other"}

    with pytest.raises(Discard, match="redirects are not followed"):
        run(ctx, url=web.url)
    assert len(web.asked) == 1


@pytest.mark.row("S9")
def test_of_a_huge_answer_only_64_kb_are_read(ctx: Any, web: Any) -> None:
    web.body = b"x" * 1_000_000

    assert run(ctx, url=web.url)["bytes"] == 65536


@pytest.mark.row("S9")
def test_a_slow_answer_ends_at_the_deadline(ctx: Any, web: Any) -> None:
    web.hold = threading.Event()

    with pytest.raises(TimeoutError, match="no complete answer within"):
        run(ctx, url=web.url, timeout="150ms")


def test_the_sockets_own_time_out_says_the_same(ctx: Any, web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    web.hold = threading.Event()
    real = threading.Timer
    monkeypatch.setattr(net.threading, "Timer", lambda wait, cut: real(wait + 60, cut))

    with pytest.raises(TimeoutError, match="no complete answer within"):
        run(ctx, url=web.url, timeout="50ms")


@pytest.mark.row("S9")
def test_in_production_the_own_network_is_refused(ctx: Any, web: Any) -> None:
    ctx.set(app_env="production")
    port = web.url.rpartition(":")[2]
    hosts = ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"]

    for host in [*hosts, "0.0.0.0", "[::]"]:
        with pytest.raises(Discard, match="private network"):
            run(ctx, url=f"http://{host}:{port}/")
    assert web.asked == []


@pytest.mark.row("S9")
def test_a_name_that_means_another_place_when_asked_again_is_not_asked_again(
    ctx: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx.set(app_env="production")
    meanings, real, tried = iter(["93.184.216.34", "127.0.0.1"]), socket.getaddrinfo, []

    def look_up(host: Any, *words: Any, **more: Any) -> Any:
        return real(next(meanings) if host == "rebind.test" else host, *words, **more)

    def connect(address: Any, **_: Any) -> Any:
        tried.append(address)
        raise OSError("not today")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(ConnectionError):
        run(ctx, url="http://rebind.test/")
    assert tried == [("93.184.216.34", 80)]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1",
        "ff02::1", "fec0::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "2001:0:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
@pytest.mark.row("S9")
def test_an_address_that_is_not_public_is_recognised(address: str) -> None:
    assert not net.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert net.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "ftp://example.com/", "file:///etc/passwd", "http://", "http://:80/",
        "http://u:p@example.com/", "http://example.com:99999/", "http://exa mple.com/",
        "http://example.com/\r\nX: y", "http://example.com/a b", "http://[::1", "http://x..y/",
    ],
)  # fmt: skip
def test_a_url_that_is_none_is_discarded_without_a_connection(ctx: Any, url: str) -> None:
    with pytest.raises(Discard):
        run(ctx, url=url)


@pytest.mark.parametrize(
    "headers",
    [{"X": "a\r\nY: b"}, {"X\r\nY": "b"}, {"": "b"}, {"Host": "evil"}, {"content-length": "0"},
     {"Webhook-Id": "other"}, {"X": "ü"}],
)  # fmt: skip
def test_a_header_that_is_not_the_jobs_to_set_is_discarded(
    ctx: Any, web: Any, headers: dict[str, str]
) -> None:
    with pytest.raises(Discard):
        run(ctx, url=web.url, headers=headers)
    assert web.asked == []


@pytest.mark.parametrize("timeout", ["soon", 0, -1, 3600, "nan"])
def test_a_timeout_out_of_bounds_is_discarded(ctx: Any, web: Any, timeout: Any) -> None:
    with pytest.raises(Discard, match="timeout"):
        run(ctx, url=web.url, timeout=timeout)


def test_method_headers_and_text_are_the_jobs_own(ctx: Any, web: Any) -> None:
    run(ctx, url=web.url, method="put", body="hello", headers={"X-Team": "blue"})

    ((method, _, headers, body),) = web.asked
    assert (method, body, headers["X-Team"]) == ("PUT", b"hello", "blue")
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_server_that_is_away_is_tried_again(ctx: Any) -> None:
    with pytest.raises(ConnectionError, match="cannot connect"):
        run(ctx, url="http://127.0.0.1:1/")
