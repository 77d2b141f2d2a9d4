"""gopher keys: a secret is told once; what is listed, revoked and refused."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from cli.running import Cli
from cli.world import do
from gopher_cli.model.access.api_keys import digest_of

SECRET = re.compile(r"gk_([0-9a-f]{10})_[A-Za-z0-9_-]{43}")


def make(cli: Cli, *words: str) -> tuple[str, str]:
    """(id, secret) of a new key."""
    ran = cli("keys", "create", "-q", *words)
    assert ran.code == 0, ran.err
    match = SECRET.fullmatch(ran.out.strip())
    assert match
    return match[1], match[0]


def listed(cli: Cli) -> dict[str, Any]:
    return {key["id"]: key for key in json.loads(cli("keys", "ls", "-o", "json").out)}


def test_the_secret_is_all_that_stdout_gets(cli: Cli) -> None:
    ran = cli("keys", "create", "deploy", "--role", "operator")

    assert ran.code == 0 and len(ran.lines) == 1 and SECRET.fullmatch(ran.lines[0])
    assert "not shown again" in ran.err and "operate" in ran.err and ran.lines[0] not in ran.err


def test_quiet_says_nothing_beside_it(cli: Cli) -> None:
    assert cli("keys", "create", "deploy", "--role", "viewer", "-q").err == ""


def test_json_has_the_secret_and_all_that_is_listed_later(cli: Cli) -> None:
    ran = cli("keys", "create", "shop", "--scope", "submit:mail,read", "--rate", "100/s", "-o", "json")

    said = json.loads(ran.out)
    secret = said.pop("secret")
    assert SECRET.fullmatch(secret) and listed(cli)[said["id"]] == said
    assert said["scopes"] == ["submit:mail", "read"] and said["rate"] == "100/s" and said["state"] == "live"
    assert said["expires_at"] is said["last_used_at"] is said["revoked_at"] is None


def test_a_key_expires_when_it_was_said(cli: Cli) -> None:
    make(cli, "deploy", "--role", "viewer", "--expires", "90d")

    (key,) = listed(cli).values()
    assert key["expires_at"] > key["created_at"]
    infos = do(cli, lambda gopher: gopher.api_keys())
    assert infos[0].expires_ms - infos[0].created_ms == 90 * 86_400_000


@pytest.mark.parametrize("form", ["plain", "json", "csv", "ndjson", "table"])
def test_no_list_tells_a_secret(cli: Cli, form: str) -> None:
    id, secret = make(cli, "deploy", "--role", "admin")

    ran = cli("keys", "ls", "-o", form)

    assert id in ran.out and "deploy" in ran.out
    assert secret[14:] not in ran.out and digest_of(secret) not in ran.out


def test_an_empty_list_says_how_to_make_a_key(cli: Cli) -> None:
    assert "gopher keys create" in cli("keys", "ls", tty=True).err


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_key_is_revoked_by_id_or_name(cli: Cli, by: str) -> None:
    id, _ = make(cli, "deploy", "--role", "viewer")
    other, _ = make(cli, "other", "--role", "viewer")

    ran = cli("keys", "revoke", id if by == "id" else "deploy", "--yes")

    assert ran.code == 0 and "revoked" in ran.out
    assert listed(cli)[id]["state"] == "revoked" and listed(cli)[other]["state"] == "live"


def test_without_a_terminal_it_takes_a_yes_to_revoke(cli: Cli) -> None:
    id, _ = make(cli, "deploy", "--role", "viewer")

    refused, dry = cli("keys", "revoke", "deploy"), cli("keys", "revoke", "deploy", "--dry-run")

    assert refused.code == 2 and "--yes" in refused.err and "deploy" in refused.err
    assert dry.code == 0 and id in dry.out
    assert listed(cli)[id]["state"] == "live"


def test_all_or_none_of_several_are_revoked(cli: Cli) -> None:
    id, _ = make(cli, "deploy", "--role", "viewer")

    assert cli("keys", "revoke", "deploy", "nobody", "--yes").code == 3
    assert listed(cli)[id]["state"] == "live"


def test_a_key_is_revoked_once(cli: Cli) -> None:
    id, _ = make(cli, "deploy", "--role", "viewer")
    cli("keys", "revoke", id, "-y")

    assert cli("keys", "revoke", id, "-y").code == 5


def test_a_name_of_two_keys_is_not_enough(cli: Cli) -> None:
    ids = [make(cli, "deploy", "--role", "viewer")[0] for _ in range(2)]

    ran = cli("keys", "revoke", "deploy", "-y")

    assert ran.code == 5 and all(id in ran.err for id in ids)


@pytest.mark.parametrize(
    "words",
    [["deploy"], ["deploy", "--role", "king"], ["deploy", "--role", "viewer", "--scope", "read"],
     ["a b", "--role", "viewer"], ["d", "--scope", "write"], ["d", "--role", "viewer", "--rate", "fast"],
     ["d", "--role", "viewer", "--expires", "never"], ["d", "--role", "viewer", "--expires", "0"]],
)  # fmt: skip
def test_a_key_that_makes_no_sense_is_a_usage_error(cli: Cli, words: list[str]) -> None:
    ran = cli("keys", "create", *words)

    assert ran.code == 2 and ran.out == "" and "Traceback" not in ran.err
    assert listed(cli) == {}


def test_the_audit_knows_who_made_a_key(cli: Cli) -> None:
    id, _ = make(cli, "deploy", "--role", "viewer")
    cli("keys", "revoke", id, "-y")

    entries = do(cli, lambda gopher: gopher.audit_log())
    assert [entry.action for entry in entries] == ["revoke key", "create key"]
    assert all("@" in entry.actor for entry in entries)


def test_everybody_is_signed_out_after_a_yes(cli: Cli) -> None:
    assert "nobody has ever signed in" in cli("keys", "sign-out-all", "--yes").out
    before = do(cli, lambda gopher: gopher.session_secret())

    refused, dry = cli("keys", "sign-out-all"), cli("keys", "sign-out-all", "--dry-run")
    assert refused.code == 2 and "--yes" in refused.err and dry.code == 0 and "would" in dry.out
    assert do(cli, lambda gopher: gopher.session_secret()) == before

    done = cli("keys", "sign-out-all", "--yes", "-o", "json")
    assert done.code == 0 and json.loads(done.out) == {"changed": True}
    assert do(cli, lambda gopher: gopher.session_secret()) != before


@pytest.mark.parametrize("command", ["serve", "up", "worker", "doctor"])
def test_a_key_on_the_command_line_is_refused_where_there_is_no_api(cli: Cli, command: str) -> None:
    ran = cli(command, "--key", "k")

    assert ran.code == 2 and "--key goes with --api" in ran.err


def test_a_key_that_would_not_count_is_refused(cli: Cli) -> None:
    ran = cli("stats", "--key", "k")

    assert ran.code == 2 and "--key goes with --api" in ran.err


@pytest.mark.parametrize("command", ["serve", "up"])
def test_the_key_of_a_client_does_not_open_a_server(cli: Cli, command: str) -> None:
    _, secret = make(cli, "deploy", "--role", "viewer")
    cli.env["GOPHER_API_KEY"] = secret

    ran = cli(command, "--port", "0")

    assert ran.code == 64 + 14 and "API_KEY is a key of gopher keys" in ran.err


def test_whether_a_key_lives_is_said_by_the_clock_of_redis(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    id, _ = make(cli, "deploy", "--role", "viewer", "--expires", "1h")
    ahead = time.time_ns() + 86_400 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: ahead)

    assert listed(cli)[id]["state"] == "live"
