"""From what people give to a job, and what is refused."""

from __future__ import annotations

import enum
from itertools import count
from typing import Any

import msgspec
import pytest

from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.job.job import NO_OPTIONS, Job, Options, Spec, class_of
from gopher_cli.model.job.make import checked, make_job, make_options
from gopher_cli.model.job.value_checks import check_priority
from gopher_cli.store.codec import decode_spec, encode_spec

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
        ({"after": ["a,b"]}, "not the id of a job"),
        ({"after": [f"j{n}" for n in range(101)]}, "at most"),
        ({"tags": ["x"] * 51}, "at most"),
        ({"tags": ["x" * 513]}, "tag"),
        ({"backoff": "linear:5s"}, "back-off"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(given, said):
    with pytest.raises(Usage, match=said):
        make_options(**given)


@pytest.mark.parametrize("payload", [b"{", b"", b"nan", b'{"a":}', b"\xff", object(), b"[[]", float])
def test_a_payload_that_is_no_json_is_refused(payload):
    with pytest.raises(BadData, match="JSON"):
        make_job("mail", payload)


def test_a_payload_has_one_megabyte_at_most():
    make_job("mail", "x" * (1024 * 1024 - 2))

    with pytest.raises(BadData, match="1 MB is the limit"):
        make_job("mail", "x" * (1024 * 1024 - 1))


@pytest.mark.parametrize(("word", "number"), [("high", 8), ("normal", 5), ("low", 2), ("7", 7)])
def test_a_priority_is_a_word_or_a_number(word, number):
    assert check_priority(word) == number


def test_the_words_lie_in_the_classes_of_their_names():
    assert [class_of(check_priority(w)) for w in ("high", "normal", "low")] == ["high", "normal", "low"]


def test_a_misspelt_priority_is_answered_with_a_guess():
    with pytest.raises(Usage) as caught:
        check_priority("hihg")

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


def kind(value: object) -> str:
    """How a case is called: some cannot be shown."""
    return value if isinstance(value, str) and value.isidentifier() else type(value).__name__


NAN, INF = float("nan"), float("inf")
HUGE = 10**400  # no float can hold it, and no format shows it


class Odd:
    """A value that cannot even say what it is."""

    def __repr__(self) -> str:
        raise RuntimeError


class Word(str):
    pass


class Colour(str, enum.Enum):  # noqa: UP042 - its str() is not its value
    RED = "red"


NO_TEXTS = [5, 5.5, True, b"x", ["x"], {"x": 1}, ("x",), object(), Odd(), ""]
NO_NAMES = [*NO_TEXTS, "a b", "a\n", "a\0", "\ud800", "é"]
NO_PRIORITIES = [5.5, 5.0, NAN, "", b"5", None, [5], HUGE, "5" * 5000, "\uff15", " 5", "+5", Odd()]
NO_NUMBERS = ["5", "", b"5", True, NAN, INF, -INF, -1, HUGE, [5], 5j, Odd()]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ("type", "id", "queue") for value in NO_NAMES),
        *(("priority", value) for value in NO_PRIORITIES),
        *(("max_retries", value) for value in [*NO_NUMBERS, 3.0, 2.5]),
        *(("timeout", value) for value in [*NO_NUMBERS, 0]),
        *((name, value) for name in ("due", "delay") for value in NO_NUMBERS),
    ],
    ids=kind,
)  # fmt: skip
def test_a_value_of_a_wrong_kind_is_refused_when_the_job_is_made(name: str, value: Any) -> None:
    with pytest.raises(Usage, match=r"^.{1,200}$"):
        make_job(**{"type": "mail"} | {name: value})


BAD_WORDS = [*NO_TEXTS, "\ud800", "x" * 513]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ("unique_key", "backoff") for value in BAD_WORDS),
        *(("parent", value) for value in [*NO_TEXTS, "a b", "a,b"]),
        *((name, value) for name in ("unique_for", "retention") for value in NO_NUMBERS),
        *(("after", value) for value in ["one-id", b"one-id", 5, True, {"a": 1}, Odd()]),
        *(("after", value) for value in [[5], [b"a"], [""], ["a", "b c"]]),
        *(("tags", value) for value in ["one-tag", b"t", 5, {"a": 1}, *([word] for word in BAD_WORDS)]),
        *(("headers", value) for value in ["a=b", [("a", "b")], 5, Odd()]),
        *(("headers", {"tenant": value}) for value in [5, None, True, b"x", ["x"], Odd()]),
        *(("headers", {"tenant": value}) for value in ["\ud800"]),
        *(("headers", {name: "x"}) for name in [5, None, b"x", "", "\ud800", "x" * 513]),
        ("headers", {f"h{n}": "x" for n in range(51)}),
    ],
    ids=kind,
)  # fmt: skip
def test_an_option_of_a_wrong_kind_is_refused_when_it_is_made(name: str, value: Any) -> None:
    more = {"unique_key": "k"} if name == "unique_for" else {}
    with pytest.raises(Usage, match=r"^.{1,200}$"):
        make_options(**{name: value} | more)


def test_one_id_to_wait_for_is_not_a_list_of_its_letters() -> None:
    with pytest.raises(Usage, match="after is a list, not 'extract-1'"):
        make_options(after="extract-1")


@pytest.mark.parametrize(
    "values", [["a", "b"], ("a", "b"), iter(["a", "b"]), {"a": 1, "b": 2}.keys(), ["a", "b", "a"]]
)
def test_whatever_gives_ids_in_an_order_is_a_list_and_each_counts_once(values: Any) -> None:
    assert make_options(after=values).after == ("a", "b")


def test_a_list_without_end_is_refused_before_it_ends() -> None:
    with pytest.raises(Usage, match="at most"):
        make_options(after=(f"j{n}" for n in count()))


def test_headers_have_8_kb_at_most_counted_in_bytes() -> None:
    make_options(headers={"a": "x" * 8191})
    make_options(headers={"a": "é" * 4095})

    for headers in ({"a": "x" * 8192}, {"a": "é" * 4096}, {f"h{n}": "x" * 300 for n in range(30)}):
        with pytest.raises(Usage, match=r"8 KB|8192"):
            make_options(headers=headers)


@pytest.mark.parametrize("name", ["id", "queue", "type"])
@pytest.mark.parametrize("dots", [".", "..", "..."])
def test_a_name_of_dots_alone_is_refused(name: str, dots: str) -> None:
    with pytest.raises(Usage, match="dots"):
        make_job(**{"type": "mail"} | {name: dots})


def test_an_id_that_the_api_has_for_something_else_is_refused() -> None:
    with pytest.raises(Usage, match="taken"):
        make_job("mail", id="types")


def test_a_job_cannot_wait_for_itself() -> None:
    with pytest.raises(Usage, match="itself"):
        make_job("mail", id="a", options=make_options(after=["b", "a"]))


def test_a_subclass_of_a_text_or_a_number_is_stored_as_what_it_is() -> None:
    options = make_options(
        tags=[Word("t"), Colour.RED], headers={Word("h"): Colour.RED}, unique_key=Word("k"), after=[Word("a")]
    )
    job = make_job(
        Colour.RED, id=Word("i"), queue=Word("q"), priority=enum.IntEnum("P", "A").A, options=options
    )

    assert decode_spec(encode_spec(job.spec)) == job.spec
    assert (job.spec.type, options.tags, options.headers) == ("red", ("t", "red"), {"h": "red"})
    assert all(
        type(text) is str for text in (job.id, job.queue, job.spec.type, *options.tags, *options.after)
    )


SPEC = Spec("mail", msgspec.Raw(b"{}"))


@pytest.mark.parametrize(
    "job",
    [
        "a job", None, {"id": "a"}, SPEC,
        Job(id="a b", queue="q", spec=SPEC), Job(id=5, queue="q", spec=SPEC),
        Job(id="a", queue="", spec=SPEC), Job(id="a", queue=None, spec=SPEC),
        Job(id="a", queue="q", spec=("mail", {})), Job(id="a", queue="q", spec=None),
        Job(id="a", queue="q", spec=SPEC, due="soon"), Job(id="a", queue="q", spec=SPEC, delay=NAN),
        *(
            Job(id="a", queue="q", spec=msgspec.structs.replace(SPEC, **{name: value}))
            for name, value in {
                "type": 5, "priority": 5.5, "max_retries": "3", "timeout": "5s", "options": {"tags": ["a"]},
                "payload": object(),
            }.items()
        ),
        *(
            Job(id="a", queue="q", spec=msgspec.structs.replace(SPEC, options=Options(**{name: value})))
            for name, value in {
                "headers": {"tenant": 42}, "tags": "abc", "after": "abc", "unique_key": 5, "backoff": "often",
                "retention": "1h", "parent": 5, "unique_for": 5.0,
            }.items()
        ),
    ],
)  # fmt: skip
def test_a_job_that_was_put_together_elsewhere_is_looked_at_before_it_is_sent(job: Any) -> None:
    with pytest.raises((Usage, BadData)):
        checked(job)


def test_a_job_that_is_sound_is_sent_as_it_is() -> None:
    made = make_job("mail", {"a": 1}, id="a", options=make_options(tags=["t"], retention=0, after=["b"]))
    other = Job(id="a", queue=made.queue, spec=made.spec)

    assert checked(made) is made
    assert encode_spec(checked(other).spec) == encode_spec(made.spec)
