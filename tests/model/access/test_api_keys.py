"""Keys as values: what they are called, what they may do, how their secrets look."""

from __future__ import annotations

import pytest

from gopher_cli.model.access.api_keys import (
    KeyInfo,
    check_key_name,
    check_scopes,
    digest_of,
    id_of,
    write_secret,
)
from gopher_cli.model.access.scopes import ROLES, Caller
from gopher_cli.model.errors import Usage

RANDOM = "a-_9" * 10 + "abc"


def caller(*scopes: str) -> Caller:
    return Caller(name="c", scopes=frozenset(scopes), via="key")


def test_a_secret_names_the_key_that_it_is_of() -> None:
    assert id_of(write_secret("0123456789", RANDOM)) == "0123456789"


@pytest.mark.parametrize(
    "text",
    ["", "gk_", "k", f"gk_012345678_{RANDOM}", f"gk_0123456789_{RANDOM}x", f"GK_0123456789_{RANDOM}",
     f"gk_0123456789_{RANDOM}\n", f"xgk_0123456789_{RANDOM}", f"gk_01234567é9_{RANDOM}"],
)  # fmt: skip
def test_what_is_no_secret_of_ours_names_no_key(text: str) -> None:
    assert id_of(text) == ""


def test_any_text_has_a_digest_also_one_that_is_no_unicode() -> None:
    assert digest_of("\ud800") != digest_of("?")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_a_set_of_scopes(role: str) -> None:
    assert set(check_scopes(role)) == ROLES[role]


def test_scopes_are_kept_in_their_order_and_once() -> None:
    assert check_scopes("", ["submit:mail", "read", "submit:mail"]) == ("submit:mail", "read")


@pytest.mark.parametrize(
    ("role", "scopes"),
    [("", []), ("viewer", ["read"]), ("king", []), ("", ["write"]), ("", ["submit:"]), ("", ["submit:a b"]),
     ("", ["read:mail"]), ("", [""])],
)  # fmt: skip
def test_what_is_neither_a_role_nor_scopes_is_refused(role: str, scopes: list[str]) -> None:
    with pytest.raises(Usage) as refusal:
        check_scopes(role, scopes)

    assert refusal.value.hint or "queue" in str(refusal.value)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "a\n", "\x1b[31m", "é", ".", ".."])
def test_a_name_that_could_confuse_a_log_is_no_name(name: str) -> None:
    with pytest.raises(Usage):
        check_key_name(name)


def test_a_key_of_one_queue_submits_there_alone() -> None:
    one = caller("submit:mail")

    assert one.may("submit") and one.may("submit", "mail")
    assert not one.may("submit", "reports") and not one.may("read") and not one.may("operate", "mail")


def test_an_admin_may_do_everything_and_a_viewer_changes_nothing() -> None:
    assert all(caller("admin").may(scope) for scope in ("read", "submit", "operate", "metrics", "admin"))
    assert caller("admin").may("submit", "any")
    viewer = caller(*ROLES["viewer"])
    assert viewer.may("read") and not any(viewer.may(s) for s in ("submit", "operate", "admin"))


def test_a_key_lives_until_it_expires_or_is_revoked() -> None:
    info = KeyInfo(id="1", name="n", scopes=(), created_ms=1, expires_ms=100)

    assert info.state(99) == "live" and info.state(100) == "expired"
    assert KeyInfo(id="1", name="n", scopes=(), created_ms=1, revoked_ms=5).state(2) == "revoked"
    assert KeyInfo(id="1", name="n", scopes=(), created_ms=1).state(10**15) == "live"
