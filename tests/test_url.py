"""Which URLs gopher takes, what they become, and what it says of the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.model.errors import BadConfig
from gopher_cli.store.url import Address, mask, parse_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis://localhost", Address(kind="standalone", hosts=(("localhost", 6379),))),
        ("redis://h:7000/3", Address(kind="standalone", hosts=(("h", 7000),), db=3)),
        ("redis://h/?db=4", Address(kind="standalone", hosts=(("h", 6379),), db=4)),
        ("valkey://10.0.0.1:6380", Address(kind="standalone", hosts=(("10.0.0.1", 6380),))),
        ("rediss://h", Address(kind="standalone", hosts=(("h", 6379),), tls=True)),
        ("valkeys://h", Address(kind="standalone", hosts=(("h", 6379),), tls=True)),
        ("REDIS://h", Address(kind="standalone", hosts=(("h", 6379),))),
        ("localhost:6379", Address(kind="standalone", hosts=(("localhost", 6379),))),
        ("localhost:6379/2", Address(kind="standalone", hosts=(("localhost", 6379),), db=2)),
        ("redis://[::1]:6380", Address(kind="standalone", hosts=(("::1", 6380),))),
        ("[::1]:6380", Address(kind="standalone", hosts=(("::1", 6380),))),
        ("unix:///run/r.sock", Address(kind="unix", path="/run/r.sock")),
        ("unix:///a%20b/r.sock?db=2", Address(kind="unix", path="/a b/r.sock", db=2)),
        ("redis+unix:///r.sock", Address(kind="unix", path="/r.sock")),
        ("/run/r.sock", Address(kind="unix", path="/run/r.sock")),
        ("unix://u:p@/r.sock", Address(kind="unix", path="/r.sock", username="u", password="p")),
        ("embedded://", Address(kind="embedded", path="default")),
        ("embedded", Address(kind="embedded", path="default")),
        ("embedded://dev", Address(kind="embedded", path="dev")),
        (
            "redis+cluster://a:7000,b:7001",
            Address(kind="cluster", hosts=(("a", 7000), ("b", 7001))),
        ),
        ("rediss+cluster://a", Address(kind="cluster", hosts=(("a", 6379),), tls=True)),
        (
            "redis+sentinel://a,b:26380/mymaster/1",
            Address(kind="sentinel", hosts=(("a", 26379), ("b", 26380)), master="mymaster", db=1),
        ),
        (
            "redis+sentinel://a/m?db=2&sentinel_password=s",
            Address(
                kind="sentinel", hosts=(("a", 26379),), master="m", db=2,
                options=(("sentinel_password", "s"),),
            ),
        ),
        (
            "redis://me:p%40ss%2Fword@h",
            Address(kind="standalone", hosts=(("h", 6379),), username="me", password="p@ss/word"),
        ),
        ("redis://:only@h", Address(kind="standalone", hosts=(("h", 6379),), password="only")),
        ("redis://h?password=q", Address(kind="standalone", hosts=(("h", 6379),), password="q")),
    ],
)  # fmt: skip
def test_a_url_becomes_an_address(text: str, expected: Address) -> None:
    assert expected == parse_url(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("redis://h o", "space"),
        ("redis://h\x1b[31m", "control character"),
        ("redsi://h", "did you mean redis://?"),
        ("http://h", "http:// is not known"),
        ("localhost", "neither a scheme"),
        ("localhost:redis", "neither a scheme"),
        ("redis://", "names no host"),
        ("redis://h:0", "'0' is not a port"),
        ("redis://h:65536", "'65536' is not a port"),
        ("redis://h:٣", "not a port"),
        ("redis://h:", "'' is not a port"),
        ("redis://h/one", "'one' is not the number of a database"),
        ("redis://h/-1", "'-1' is not the number of a database"),
        ("redis://h/0/1", "not the number of a database"),
        ("redis://a,b", "redis+cluster://"),
        ("redis://::1:6379", "brackets"),
        ("redis://h?sll_ca_certs=x", "did you mean ssl_ca_certs?"),
        ("redis+cluster://h/2", "database 0 only"),
        ("redis+sentinel://h", "name of the master"),
        ("unix://run/r.sock", "three slashes"),
        ("unix:///a%0Ab", "control character"),
        ("embedded://../../etc", "nothing else"),
        ("embedded://a.b", "not a name for an embedded server"),
        ("embedded://x?db=1", "nothing else"),
        ("redis://u:pa/ss@h", "%2F"),
    ],
)
def test_rubbish_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(BadConfig) as caught:
        parse_url(text)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "redis://u:hunter2@h:x", "redis://u:hunter2@h/one", "u:hunter2@h", "redsi://:hunter2@h",
        "redis://u:hunter2/x@h", "redis://u:hunter2@x@h:y", "redis://h:y?password=hunter2",
        "redis://h/x?sentinel_password=hunter2",
    ],
)  # fmt: skip
def test_an_error_never_shows_the_password(text: str) -> None:
    with pytest.raises(BadConfig) as caught:
        parse_url(text)

    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in mask(text)


def test_an_address_prints_without_its_password() -> None:
    address = parse_url("rediss://me:hunter2@h:1/2")

    assert str(address) == "rediss://me:***@h:1/2"
    assert "hunter2" not in repr(address)


@pytest.mark.parametrize(
    "text",
    [
        "redis://h:1/2", "rediss://h:1", "unix:///a/b?db=2", "redis+cluster://a:1,b:2", "embedded://dev",
        "rediss+sentinel://a:1,[::1]:2/m/3", "redis://me@h:1",
    ],
)  # fmt: skip
def test_a_printed_address_reads_back_the_same(text: str) -> None:
    address = parse_url(text)

    assert text == str(address)
    assert address == parse_url(str(address))


def test_what_the_url_says_beats_what_stands_beside_it() -> None:
    beside = parse_url("redis://h", password="p", db=3)
    within = parse_url("redis://:q@h/0", password="p", db=3)

    assert (beside.password, beside.db) == ("p", 3)
    assert (within.password, within.db) == ("q", 0)


@given(st.text(alphabet="redis+unixclustrembd:/@?#[]%,&=.-0123456789 \x00é", max_size=40))
def test_any_text_is_an_address_or_a_bad_config(text: str) -> None:
    try:
        said = str(parse_url(text))
    except BadConfig as error:
        said = str(error)

    assert "\n" not in said and "\x00" not in said
