"""Every door takes the same jobs and refuses the same: Python, the command line, its batches, HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cli.running import Cli, Ran
from gopher_cli import Gopher, Producer
from gopher_cli.cli.shell.command_tree import Place, places
from gopher_cli.model.errors import GopherError, Usage
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.job import Job
from gopher_cli.verbs.submit import new_job
from gopher_cli.web.api.support.job_request import read_job

# Gives a job with this payload (JSON text, or None to leave it out); answers the payload that is stored.
Door = Callable[[bytes | None], bytes]


class Refused(Exception):
    pass


def stored(redis: Any, namespace: str, id: str) -> bytes:
    spec = redis.hget(f"{namespace}:{{default}}:spec", id)
    return bytes(json.dumps(json.loads(spec)[1]).encode())


@pytest.fixture
def producer(redis_url: str, namespace: str) -> Iterator[Producer]:
    with Producer(redis_url, namespace=namespace, defaults=Defaults()) as producer:
        yield producer


@pytest.fixture(params=["python", "cli", "batch", "http"])
def door(request: Any, cli: Cli, producer: Producer, redis: Any, namespace: str) -> Door:
    def answered(ran: Ran) -> bytes:
        if ran.code:
            raise Refused(ran.err)
        return stored(redis, namespace, ran.out.strip())

    def python(payload: bytes | None) -> bytes:
        return stored(redis, namespace, producer.submit("t", *([] if payload is None else [payload])))

    def command(payload: bytes | None) -> bytes:
        given = [] if payload is None else ["-p", payload.decode("utf-8", "surrogateescape")]
        return answered(cli("submit", "-q", "-t", "t", *given))

    def batch(payload: bytes | None) -> bytes:
        return answered(cli("submit", "-q", "--batch", "-", stdin=_text(payload)))

    def http(payload: bytes | None) -> bytes:
        return bytes(read_job(_text(payload), Defaults()).job.spec.payload)

    return {"python": python, "cli": command, "batch": batch, "http": http}[request.param]


def _text(payload: bytes | None) -> bytes:
    return b'{"type":"t"' + (b"" if payload is None else b',"payload":' + payload) + b"}"


@pytest.mark.parametrize(("payload", "kept"), [(None, b"{}"), (b"null", b"null"), (b"{}", b"{}")])
def test_a_job_without_a_payload_has_an_empty_object_and_null_stays_null(
    door: Door, payload: bytes | None, kept: bytes
) -> None:
    assert door(payload) == kept


@pytest.mark.parametrize("text", [b"[" * 64 + b"]" * 64, b'{"a":' * 64 + b"1" + b"}" * 64, b"9" * 400])
def test_what_every_reader_can_read_is_taken(door: Door, text: bytes) -> None:
    assert json.loads(door(text)) == json.loads(text)


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 65 + b"]" * 65, b"[" * 985 + b"]" * 985, b"[" * 20_000 + b"]" * 20_000,
        b"1e400", b'{"a":[-1e400]}', b"NaN", b"[Infinity]", b'"\\ud800"', b'"\xff"', b"{", b'{"a":1}}', b"",
    ],
)  # fmt: skip
def test_what_some_reader_cannot_read_is_refused(door: Door, payload: bytes) -> None:
    with pytest.raises((Refused, GopherError)):
        door(payload)


WRONG = [
    {"headers": {"tenant": 42}}, {"headers": {"tenant": None}}, {"headers": ["a"]}, {"headers": {"": "x"}},
    {"headers": {"tenant": "x" * 8200}}, {"headers": {f"h{n}": "x" * 300 for n in range(40)}},
    {"tags": "night"}, {"tags": [5]}, {"tags": [""]}, {"tags": ["x" * 600]},
    {"after": "extract-1"}, {"after": [5]}, {"after": ["a b"]}, {"after": [""]},
    {"priority": 5.5}, {"priority": 11}, {"priority": True}, {"priority": ""}, {"priority": "often"},
    {"max_retries": 2.5}, {"max_retries": "3"}, {"max_retries": -1}, {"max_retries": True},
    {"timeout": 0}, {"timeout": True}, {"timeout": ""}, {"timeout": "soon"}, {"timeout": -1},
    {"unique_key": 5}, {"unique_key": ""}, {"unique_key": "k", "unique_for": -1},
    {"unique_key": "k", "unique_for": ""}, {"unique_for": 5},
    {"backoff": 5}, {"backoff": ""}, {"backoff": "often"}, {"queue": 5}, {"queue": ""}, {"queue": ".."},
    {"id": 5}, {"id": ""}, {"id": "."}, {"id": "..."}, {"id": "types"}, {"id": "a b"},
    {"type": 5}, {"type": ""},
]  # fmt: skip


@pytest.mark.parametrize("fields", WRONG, ids=lambda fields: repr(fields)[:30])
@pytest.mark.parametrize("way", ["python", "batch", "http"])
def test_a_field_of_a_wrong_kind_is_refused(
    cli: Cli, producer: Producer, redis: Any, namespace: str, way: str, fields: dict[str, Any]
) -> None:
    whole = {"type": "t"} | fields
    match way:
        case "python":
            with pytest.raises(Usage):
                producer.submit(**whole)
        case "batch":
            ran = cli("submit", "--batch", "-", stdin=json.dumps(whole))
            assert (ran.code, redis.exists(f"{namespace}:{{default}}:spec")) == (1, 0), ran.err
        case "http":
            with pytest.raises(GopherError) as refused:
                read_job(json.dumps(whole).encode(), Defaults())
            assert getattr(refused.value, "status", 0) == 422
            assert getattr(refused.value, "pointer", None), refused.value


@pytest.mark.parametrize(
    ("text", "moment"),
    [("20301231", 1924905600), ("20301231T100000Z", 1924941600), ("1924905600", 1924905600)],
)
@pytest.mark.parametrize("field", ["cli", "batch", "http"])
def test_a_time_is_the_same_at_every_door(
    cli: Cli, redis: Any, namespace: str, field: str, text: str, moment: int
) -> None:
    if field == "http":
        job = read_job(json.dumps({"type": "t", "execute_at": text}).encode(), Defaults()).job
        assert job.due == moment
        return
    given = {"cli": ["-t", "t", "--at", text], "batch": ["--batch", "-"]}[field]
    ran = cli("submit", "-q", *given, stdin=json.dumps({"type": "t", "at": text}))
    assert redis.zscore(f"{namespace}:{{default}}:scheduled", ran.out.strip()) == moment * 1000, ran.err


NO_TIMES = ["2030", "203012", "0", "1796043544000", "99999999", "20301332", ""]


@pytest.mark.parametrize("text", NO_TIMES)
def test_a_number_that_is_no_moment_is_refused_at_every_door(
    cli: Cli, redis: Any, namespace: str, text: str
) -> None:
    assert cli("submit", "-t", "t", "--at", text).code == 2
    assert cli("reschedule", "some-id", "--at", text).code == 2
    for value in (text, *([int(text)] if text else [])):
        assert cli("submit", "--batch", "-", stdin=json.dumps({"type": "t", "at": value})).code == 1
        with pytest.raises(GopherError):
            read_job(json.dumps({"type": "t", "execute_at": value}).encode(), Defaults())
    assert not redis.exists(f"{namespace}:{{default}}:spec")


@pytest.mark.parametrize(
    "fields",
    [
        {"in": "1h", "at": "2030-12-31"}, {"retries": 1, "max_retries": 2}, {"retries": 0, "max_retries": 3},
        {"unique": "a", "unique_key": "b"}, {"unique": "", "unique_key": "b"}, {"unique": ""},
        {"type": ""}, {"in": ""},
    ],
    ids=repr,
)  # fmt: skip
def test_a_line_that_contradicts_itself_or_says_nothing_is_refused(cli: Cli, fields: dict[str, Any]) -> None:
    ran = cli("submit", "-t", "t", "--batch", "-", stdin=json.dumps(fields))

    assert ran.code == 1, ran.err


def test_a_line_is_refused_by_the_word_that_it_has(cli: Cli) -> None:
    ran = cli("submit", "-t", "t", "--batch", "-", stdin='{"max_attempts": 0}')

    assert ran.code == 1 and "max_attempts is from 1 to 1001, not 0" in ran.out


def test_a_line_that_says_one_thing_twice_is_taken_and_its_time_counts_more(
    cli: Cli, redis: Any, namespace: str
) -> None:
    line = {"id": "a", "retries": 1, "max_retries": 1, "unique": "k", "unique_key": "k", "at": "2030-12-31"}
    ran = cli("submit", "-t", "t", "--in", "1h", "--batch", "-", stdin=json.dumps(line))

    assert ran.code == 0, ran.err
    assert redis.zscore(f"{namespace}:{{default}}:scheduled", "a") == 1924905600000


def test_a_time_and_a_delay_at_once_are_refused_in_python(producer: Producer) -> None:
    with pytest.raises(Usage, match="twice"):
        producer.submit("t", due=1924905600, delay=5)


@pytest.mark.parametrize("place", [place for place in places() if place.flags], ids=lambda place: place.path)
def test_an_option_that_is_given_but_empty_is_refused(cli: Cli, place: Place) -> None:
    """Every option of every command that takes a value, so that none can be forgotten."""
    for flag in place.flags:
        for value in ("", " ") if flag.takes else ():
            if "--payload" in flag.names:
                continue  # an empty payload is bad data, see test_payload
            ran = cli(*place.path.split()[1:], flag.names[-1], value)
            assert (ran.code, ran.out) == (2, ""), ran.err
            assert "is empty" in ran.err, (flag.names, ran.err)


def test_a_job_that_a_program_has_put_together_is_looked_at_before_any_is_sent(
    producer: Producer, redis: Any, namespace: str
) -> None:
    good = producer.job("t")
    bad = Job(id="b", queue="default", spec=new_job(Defaults(), "t").spec, due="soon")  # type: ignore[arg-type]

    with pytest.raises(Usage, match="due is a number"):
        producer.submit_many([good, bad])

    assert not redis.exists(f"{namespace}:{{default}}:spec")
    assert [receipt.id for receipt in producer.submit_many(job for job in [good])] == [good.id]


@pytest.mark.parametrize("moment", ["soon", None, True, float("nan"), float("inf"), -1, 10**400])
@pytest.mark.anyio
async def test_another_time_of_a_wrong_kind_is_refused(gopher: Gopher, moment: Any) -> None:
    with pytest.raises(Usage, match=r"^.{1,150}$"):
        await gopher.reschedule("default", ["a"], **{"due" if moment is not None else "delay": moment})


@pytest.mark.parametrize("command", ["cancel", "queue pause", "help", "keys create"])
def test_an_argument_that_is_empty_is_refused_by_its_name(cli: Cli, command: str) -> None:
    ran = cli(*command.split(), "")

    assert ran.code == 2 and ran.err.endswith(" is empty\nhint: is a variable not set?\n")
    assert "[" not in ran.err and "..." not in ran.err
