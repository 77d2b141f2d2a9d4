"""From what people type to a job, and what is refused."""

from __future__ import annotations

import pytest

from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.job import NO_OPTIONS, class_of
from gopher_cli.model.making import make_job, make_options, parse_priority

REFUSED = [
    ({"type": ""}, "the type"),
    ({"type": "a b"}, "the type"),
    ({"type": "x" * 129}, "the type"),
    ({"id": "a;b"}, "the id"),
    ({"id": ""}, "the id"),
    ({"queue": "{q}"}, "the queue"),
    ({"queue": "~"}, "the queue"),
    ({"queue": "q" * 65}, "the queue"),
    ({"priority": 11}, "a priority"),
    ({"priority": -1}, "a priority"),
    ({"priority": "hihg"}, "a priority"),
    ({"priority": True}, "a priority"),
    ({"max_retries": -1}, "max_retries"),
    ({"max_retries": 1001}, "max_retries"),
    ({"timeout": 0.0}, "a timeout"),
    ({"timeout": float("nan")}, "a timeout"),
]


@pytest.mark.parametrize(("given", "said"), REFUSED)
def test_a_value_that_makes_no_sense_is_refused(given, said):
    with pytest.raises(Usage, match=said):
        make_job(**{"type": "mail"} | given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"unique_for": 5.0}, "unique key"),
        ({"unique_key": "x" * 513}, "unique key"),
        ({"after": ["a,b"]}, "no job id"),
        ({"after": [f"j{n}" for n in range(101)]}, "at most"),
        ({"tags": ["x"] * 51}, "at most"),
        ({"tags": ["x" * 513]}, "tag"),
        ({"backoff": "linear:5s"}, "back-off"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(given, said):
    with pytest.raises(Usage, match=said):
        make_options(**given)


@pytest.mark.parametrize("payload", [b"{", b"", b"nan", b'{"a":}', b"\xff", object(), b"[" * 100_000, float])
def test_a_payload_that_is_no_json_is_refused(payload):
    with pytest.raises(BadData, match="JSON"):
        make_job("mail", payload)


def test_a_payload_has_one_megabyte_at_most():
    make_job("mail", "x" * (1024 * 1024 - 2))

    with pytest.raises(BadData, match="1 MB is the limit"):
        make_job("mail", "x" * (1024 * 1024 - 1))


@pytest.mark.parametrize(("word", "number"), [("high", 8), ("normal", 5), ("low", 2), ("7", 7)])
def test_a_priority_is_a_word_or_a_number(word, number):
    assert parse_priority(word) == number


def test_the_words_lie_in_the_classes_of_their_names():
    assert [class_of(parse_priority(w)) for w in ("high", "normal", "low")] == ["high", "normal", "low"]


def test_a_misspelt_priority_is_answered_with_a_guess():
    with pytest.raises(Usage) as caught:
        parse_priority("hihg")

    assert caught.value.hint == "did you mean high?"


def test_who_asks_for_nothing_has_said_nothing():
    job = make_job("mail")

    assert (job.queue, job.spec.priority) == ("default", 5)
    assert (job.spec.max_retries, job.spec.timeout) == (None, None)
    assert job.spec.options is NO_OPTIONS and make_options() == NO_OPTIONS
    assert job.lock == ""


def test_a_lock_is_the_digest_of_the_unique_key():
    one, same, other = (make_job("mail", options=make_options(unique_key=k)) for k in "aab")

    assert one.lock == same.lock != other.lock
    assert ";" not in one.lock and len(one.lock) == 24


@pytest.mark.parametrize("given", [{"delay": -1.0}, {"delay": float("nan")}, {"due": float("inf")}])
def test_a_time_that_no_clock_can_show_is_refused(given):
    with pytest.raises(Usage):
        make_job("mail", **given)


@pytest.mark.parametrize("given", [{"unique_key": "k", "unique_for": -1.0}, {"retention": float("nan")}])
def test_a_duration_that_is_none_is_refused(given):
    with pytest.raises(Usage):
        make_options(**given)
