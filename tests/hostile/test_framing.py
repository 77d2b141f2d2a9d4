"""Where one request ends and the next begins: no request hides in another's body."""

from __future__ import annotations

import pytest
from hostile.conftest import Victim
from hostile.wire import Answer, get, post

GOOD = b'{"type":"t"}'
HIDDEN = post(b'{"type":"t","id":"smuggled"}')
LAST = get(b"/health", b"Connection: close")
_POST = b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def _post(*headers: bytes, body: bytes = GOOD) -> bytes:
    return _POST + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


def _chunked(*chunks: bytes, headers: tuple[bytes, ...] = (b"Transfer-Encoding: chunked",)) -> bytes:
    return _post(*headers, body=b"".join(chunks))


_CHUNK, _END = b"c\r\n" + GOOD + b"\r\n", b"0\r\n\r\n"
# Each of them has two readings, or none. After it comes a request that only one of them would see.
UNCLEAR = {
    "a length and chunks": _chunked(
        _CHUNK, _END, headers=(b"Content-Length: 4", b"Transfer-Encoding: chunked")
    ),
    "chunks and a length that covers the next": _chunked(
        _END, headers=(b"Transfer-Encoding: chunked", b"Content-Length: %d" % (5 + len(HIDDEN)))
    ),
    "two lengths": _post(b"Content-Length: 12", b"Content-Length: %d" % (12 + len(HIDDEN))),
    "two lengths in one": _post(b"Content-Length: 12, %d" % (12 + len(HIDDEN))),
    "a length with a sign": _post(b"Content-Length: +12"),
    "a negative length": _post(b"Content-Length: -12"),
    "a hexadecimal length": _post(b"Content-Length: 0xc"),
    "a length with an underscore": _post(b"Content-Length: 1_2"),
    "a length of other digits": _post("Content-Length: \N{ARABIC-INDIC DIGIT ONE}2".encode()),
    "no length at all": _post(b"Content-Length:"),
    "a length beyond all numbers": _post(b"Content-Length: " + b"9" * 40),
    "almost chunked": _chunked(_CHUNK, _END, headers=(b"Transfer-Encoding: xchunked",)),
    "identity, then chunked": _chunked(_CHUNK, _END, headers=(b"Transfer-Encoding: identity, chunked",)),
    "chunked, then identity": _chunked(
        _CHUNK, _END, headers=(b"Transfer-Encoding: chunked, identity", b"Content-Length: 12")
    ),
    "chunked twice": _chunked(
        _CHUNK, _END, headers=(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked")
    ),
    "chunked, and a second word for it": _chunked(
        _CHUNK, _END, headers=(b"Transfer-Encoding: chunked", b"Transfer-Encoding: x", b"Content-Length: 12")
    ),
    "a space before the colon": _post(b"Transfer-Encoding : chunked", b"Content-Length: 12"),
    "a vertical tab": _post(b"Transfer-Encoding: \x0bchunked", b"Content-Length: 12"),
    "a folded length": _post(b"X: a", b" Content-Length: 12"),
    "a length behind a bare return": _post(b"X: a\rContent-Length: 12"),
    "a chunk without a size": _chunked(b"zz\r\n", GOOD, b"\r\n", _END),
    "a chunk of negative size": _chunked(b"-c\r\n", GOOD, b"\r\n", _END),
    "a chunk that is longer than it says": _chunked(b"5\r\n", GOOD, b"\r\n", _END),
    "a chunk with an underscore": _chunked(b"1_0\r\n", GOOD, b"\r\n", _END),
    "a chunk with a prefix": _chunked(b"0xc\r\n", GOOD, b"\r\n", _END),
    "a line break in an extension": _chunked(b'c;a="\r\n"\r\n', GOOD, b"\r\n", _END),
    "chunks with bare line feeds": _chunked(b"c\n", GOOD, b"\n0\n\n"),
}
# Nothing of it is served, but the connection may wait for the rest of what was promised.
HALF = {
    "half a request line": b"POST /api/v1/jo",
    "half a head": _POST,
    "half a body": _post(b"Content-Length: 200"),
    "half a chunk": _chunked(b"ff\r\n", GOOD),
    "chunks without an end": _chunked(_CHUNK),
    "a chunk beyond all numbers": _chunked(b"f" * 20 + b"\r\n", GOOD, b"\r\n", _END),
}


def _said(victim: Victim, data: bytes) -> list[Answer]:
    with victim.wire() as wire:
        wire.send(data + HIDDEN + LAST)
        return wire.answers()


@pytest.mark.parametrize("name", UNCLEAR)
def test_a_request_of_unclear_length_is_refused_and_nothing_behind_it_is_read(
    victim: Victim, name: str
) -> None:
    answers = _said(victim, UNCLEAR[name])

    assert {one.status for one in answers} == {400}, answers
    assert b"connection: close" in answers[-1].head.lower()
    assert "smuggled" not in victim.stored()
    victim.lives()


@pytest.mark.parametrize("name", HALF)
def test_half_a_request_is_never_served(victim: Victim, name: str) -> None:
    before = victim.stored()
    with victim.wire() as wire:
        wire.send(HALF[name])
        wire.end()
        answers = wire.answers()

    assert all(one.status in (400, 408, 413) for one in answers), answers
    assert victim.stored() == before
    victim.lives()


def test_a_request_hidden_in_a_body_that_nobody_reads_is_not_served(victim: Victim) -> None:
    """Each of these is refused before its body is read."""
    size = b"Content-Length: %d" % len(HIDDEN)
    text = b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n%s\r\n\r\n" % size
    nowhere = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n" % size
    foreign = b"POST /api/v1/jobs HTTP/1.1\r\nHost: evil\r\n%s\r\n\r\n" % size
    no_method = b"PUT /health HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n" % size
    for head in (text, nowhere, foreign, no_method):
        with victim.wire() as wire:
            wire.send(head + HIDDEN + LAST)
            answers = wire.answers()
        assert answers[0].status in (404, 405, 415, 421), answers
        assert [one.status for one in answers[1:]] in ([], [200]), answers
        assert "smuggled" not in victim.stored()
    victim.lives()


def test_a_little_body_that_nobody_wanted_costs_no_connection(victim: Victim) -> None:
    """Such as the {} that many programs send with everything."""
    victim.has("to-be-cancelled", "{}")
    with victim.wire() as wire:
        for path in (b"/api/v1/jobs/to-be-cancelled/cancel", b"/nowhere", b"/api/v1/jobs"):
            wire.send(post(b"{}", path=path))
            answer = wire.answer()
            assert answer and b"connection: close" not in answer.head.lower(), answer
        wire.send(LAST)
        assert [one.status for one in wire.answers()] == [200]


def test_who_is_refused_before_the_body_was_read_hears_one_answer(victim: Victim) -> None:
    """The rest of a body is no head that is too long."""
    with victim.wire() as wire:
        wire.send(post(b"x" * 400_000, b"X-API-KEY: wrong"))

        assert [answer.status for answer in wire.answers()] == [401]


def test_requests_that_come_at_once_are_answered_in_order(victim: Victim) -> None:
    ids = [f"in-order-{n}" for n in range(50)]
    with victim.wire() as wire:
        wire.send(b"".join(post(b'{"type":"t","id":"%s"}' % id.encode()) for id in ids) + LAST)
        answers = wire.answers()

    assert [one.status for one in answers] == [201] * 50 + [200]
    assert [id for id, one in zip(ids, answers, strict=False) if id.encode() in one.body] == ids
    assert set(ids) <= victim.stored()
    victim.accepted += ids


def test_chunks_of_every_size_are_one_body(victim: Victim) -> None:
    body = b'{"type":"t","id":"in-pieces"}'
    pieces = b"".join(b"1;name=value\r\n%c\r\n" % byte for byte in body)
    with victim.wire() as wire:
        wire.send(_chunked(pieces, _END) + LAST)
        answers = wire.answers()

    assert [one.status for one in answers] == [201, 200]
    victim.accepted.append("in-pieces")
