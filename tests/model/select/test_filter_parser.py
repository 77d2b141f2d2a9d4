"""What people type to find jobs: understood, or refused with the place and a guess; and written back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.job import JobState
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.select.filter_parser import format_search, parse_search

words = st.text(min_size=1, max_size=20)
names = st.from_regex(r"[A-Za-z0-9_.\-]{1,12}", fullmatch=True)
regexes = st.sampled_from(["time out", "timed? out", r"a\.b", '"quoted"', "^x$", "a:b", "(a|b) c"])
filters = st.builds(
    Filter,
    states=st.lists(st.sampled_from([str(state) for state in JobState]), unique=True, max_size=3).map(tuple),
    queues=st.lists(names, unique=True, max_size=2).map(tuple),
    type=st.one_of(st.just(""), words),
    tag=st.one_of(st.just(""), words),
    error=st.one_of(st.just(""), regexes),
    older_than=st.one_of(st.just(0.0), st.floats(0.001, 1e9)),
    group=st.one_of(st.just(""), st.from_regex(r"[0-9a-f]{12}", fullmatch=True)),
    id_part=st.one_of(st.just(""), words),
    payload=st.lists(st.tuples(words, st.text(max_size=20)), max_size=2).map(tuple),
    text=st.lists(words, max_size=3).map(tuple),
)


@given(filters)
def test_what_is_written_is_understood_as_it_was_meant(wanted):
    assert parse_search(format_search(wanted)) == wanted


qualified = st.lists(
    st.tuples(
        st.sampled_from(["", "state:", "queue:", "type:", "older:", "id:", "payload.a:"]),
        st.sampled_from(["", '""', ",", ",,", "0", "0s", "0.0", "00m"]),
    ).map("".join),
    min_size=1,
).map(" ".join)


@given(qualified)
def test_a_search_that_says_something_never_means_everything(text):
    if not text.strip():
        return
    try:
        found = parse_search(text)
    except Usage:
        return
    assert found != Filter()


@given(st.text(max_size=60))
def test_whatever_is_typed_is_understood_or_refused(text):
    said = ""
    try:
        found = parse_search(text)
    except Usage as error:
        said = str(error)
    if said:
        assert said.startswith("the search at character")
    else:
        assert parse_search(format_search(found)) == found


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Filter()),
        ("state:failed type:email", Filter(states=("failed",), type="email")),
        ("state:dead,running state:failed", Filter(states=("failed", "processing"))),
        ("queue:a,b queue:c", Filter(queues=("a", "b", "c"))),
        ('error:"time out"', Filter(error="time out")),
        ("id:0193 older:1h30m", Filter(id_part="0193", older_than=5400.0)),
        ("payload.to:ann payload.a.b:7", Filter(payload=(("to", "ann"), ("a.b", "7")))),
        ('payload."a key":""', Filter(payload=(("a key", ""),))),
        ('late "two words" x', Filter(text=("late", "two words", "x"))),
        (r'"say \"hi\" \\"', Filter(text=('say "hi" \\',))),
        ("type:http://x", Filter(type="http://x")),
    ],
)
def test_a_search_is_understood(text, meant):
    assert parse_search(text) == meant


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("a stat:failed", "character 3: no qualifier stat:", "did you mean state:?"),
        ("http://x", "no qualifier http:", "in quotes"),
        ("payload:x", "no qualifier payload:", "payload.name:value"),
        ("state:fail", "character 1: no state 'fail'", "failed"),
        ('a error:"oh', "character 9: this quote is not closed", ""),
        ("type:", "character 1: type: needs a value", "type:email"),
        ("queue:,", "character 1: queue: needs a value", "queue:"),
        ("type:a state:,,", "character 8: state: needs a value", "state:failed"),
        ('type:a ""', "character 8: an empty word", "leave it out"),
        ('id:""', "character 1: id: needs a value", ""),
        ("older:0", "character 1: older: every job is older than nothing", "leave it out"),
        ("older:soon", "character 1: older: 'soon' is not a duration", ""),
        ("error:(", "is not a regular expression", ""),
        ("error:(a+)+$", "repeat", "simpler"),
        ("tag:a tag:b", "character 7: tag: stands twice", "once"),
        ('a"b"', "character 2: a space is missing", "quotes"),
        ("x" * 3000, "at most 2000 characters", ""),
    ],
)
def test_a_search_that_makes_no_sense_is_refused_with_its_place_and_a_guess(text, said, hint):
    with pytest.raises(Usage) as caught:
        parse_search(text)

    assert said in str(caught.value)
    assert hint in caught.value.hint
