"""The command line through the API: keys, profiles, refusals, and whatever else may answer."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from worker.processes import PATIENCE

from cli.running import CLEAN, Cli
from gopher_cli.model import hints
from gopher_cli.remote.problems import error_of


def until(cli: Cli, code: int) -> None:
    """A server hears of a new key within a second."""
    end = time.monotonic() + PATIENCE
    while cli("queue", "ls").code != code:
        assert time.monotonic() < end


def test_keys_are_made_used_and_revoked_through_the_api(near: Cli, far: Cli, served: Any, redis: Any) -> None:
    admin = near("keys", "create", "boss", "--role", "admin", "-q").out.strip()
    key = {"GOPHER_API_KEY": admin}
    try:
        until(far, 77)
        outside = [far(*words.split()) for words in ("stats", "jobs ls", "submit -t x", "cancel x")]
        inside = replace(far, env=far.env | key)
        made = inside("keys", "create", "eyes", "--role", "viewer", "-q")
        eyes = replace(far, env=far.env | {"GOPHER_API_KEY": made.out.strip()})
        until(eyes, 0)
        seen, refused = eyes("stats", "-o", "id"), eyes("queue", "pause", "default")
        assert near("keys", "ls", "-o", "id") == inside("keys", "ls", "-o", "id")
        revoked = inside("keys", "revoke", "eyes", "--yes")
        nobody = inside("keys", "revoke", "eyes", "--yes")
        signed_out = inside("keys", "sign-out-all", "--yes", "-o", "json")
        audit = inside("events", "--audit", "-o", "json")
        lately = inside("events", "--audit", "-o", "json", "--since", "1h")
        now = inside("events", "--audit", "-o", "json", "--since", "1ms")
    finally:
        redis.delete(f"{near.env['GOPHER_NAMESPACE']}:{{~}}:keys")
        until(far, 0)  # the server of the other tests asks for no key any more

    assert [ran.code for ran in outside] == [77, 77, 77, 77]
    assert "GOPHER_API_KEY" in outside[0].err and "hint:" in outside[0].err
    assert (made.code, seen.code, refused.code) == (0, 0, 77) and "operate" in refused.err
    assert (revoked.code, nobody.code) == (0, 3) and signed_out.out.strip() == '{"changed":false}'
    assert audit.code == 0 and "revoke key" in audit.out
    assert lately.out == audit.out and now.out.strip() == '{"items":[],"more":false}'
    assert admin not in "".join(ran.err + ran.out for ran in [*outside, made, refused, revoked, audit])


def test_a_key_on_the_command_line_is_used_and_warned_of(near: Cli, far: Cli, served: Any) -> None:
    ran = far("queue", "ls", "--key", "gk_no", "--api", served[0].url)

    assert ran.code == 77
    assert "read by everybody" in ran.err and "gk_no" not in ran.err


@pytest.mark.parametrize("command", ["doctor", "worker", "serve", "up", "embedded status"])
def test_what_needs_redis_itself_says_so(far: Cli, command: str) -> None:
    ran = far(*command.split())

    assert ran.code == 2
    assert "needs Redis itself" in ran.err and "hint: run it where Redis can be reached" in ran.err


@pytest.mark.parametrize("command", ["doctor", "embedded status"])
def test_what_needs_redis_itself_works_on_a_redis_that_is_named_beside_an_api(
    near: Cli, command: str
) -> None:
    """The API is there for the other commands."""
    both = replace(near, env=near.env | {"GOPHER_API_URL": "http://127.0.0.1:1"})

    ran = both(*command.split())

    assert ran.code == near(*command.split()).code != 2
    assert ran.err == ""


def test_a_redis_and_an_api_at_once_contradict_each_other(far: Cli, redis_url: str) -> None:
    assert far("stats", "--api", "http://localhost:1", "--redis-url", redis_url).code == 2


def test_a_redis_on_the_command_line_counts_more_than_an_api_in_the_environment(
    near: Cli, redis_url: str
) -> None:
    env = near.env | {"GOPHER_API_URL": "http://127.0.0.1:1"}

    assert replace(near, env=env)("stats", "--redis-url", redis_url, "-q").code == 0
    assert replace(near, env=env)("stats", "-q").code == 69


def test_a_profile_names_the_api(near: Cli, far: Cli, served: Any, tmp_path: Path) -> None:
    (tmp_path / "gopher.toml").write_text(f'[profiles.shop]\napi_url = "{served[0].url}"\napi_key = "k"\n')
    env = {name: value for name, value in far.env.items() if name != "GOPHER_API_URL"}

    ran = replace(far, env=env)("queue", "ls", "--profile", "shop")

    assert ran.code == 77, ran.err  # a key that nobody knows is refused, even where none is needed


class _Odd(http.server.BaseHTTPRequestHandler):
    """What else may answer under an address."""

    status, text, headers_too = 200, b"<html>", {}

    def do_GET(self) -> None:
        self.send_response(self.status)
        for name, value in self.headers_too.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.text)))
        self.end_headers()
        self.wfile.write(self.text)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize(
    ("odd", "code", "said"),
    [
        ({}, 69, "not as gopher does"),
        ({"status": 502}, 69, "502"),
        (
            {"status": 302, "headers_too": {"Location": "http://evil.example"}},
            78,
            "redirects are not followed",
        ),
        ({"status": 429, "text": b'{"detail":"too many requests"}'}, 75, "too many requests"),
        ({"status": 503, "text": b'{"detail":"full","code":"try_later"}'}, 75, "full"),
        ({"status": 413, "text": b'{"detail":"larger than 1 MB"}'}, 65, "larger"),
        ({"status": 500, "text": b'{"detail":"an error inside"}'}, 1, "inside"),
        ({"text": b'{"items":"\xff"}'}, 69, "not as gopher does"),
    ],
)
def test_every_other_answer_ends_in_one_clear_sentence(
    far: Cli, odd: dict[str, Any], code: int, said: str
) -> None:
    kind = type("_Odder", (_Odd,), odd)
    with http.server.HTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        ran = far("queue", "ls", "--api", f"http://127.0.0.1:{server.server_port}")
        server.shutdown()

    assert ran.code == code, ran.err
    assert said in ran.err and "evil" not in ran.out


def test_an_api_that_is_away_is_said_with_the_way_to_look(far: Cli) -> None:
    ran = far("stats", "--api", "http://127.0.0.1:1")

    assert (ran.code, ran.out) == (69, "")
    assert "http://127.0.0.1:1 does not answer: Connection refused" in ran.err and "hint: " in ran.err
    assert far("stats", "--api", "ftp://x").code == 2


def test_events_are_followed_through_the_api(near: Cli, far: Cli) -> None:
    env = {name: value for name, value in os.environ.items() if name not in CLEAN} | far.env
    command = [
        sys.executable,
        "-m",
        "gopher_cli",
        "events",
        "--follow",
        "-o",
        "ndjson",
        "--state",
        "cancelled",
    ]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watching:
        try:
            line = list[bytes]()
            assert watching.stdout
            reading = threading.Thread(target=lambda: line.append(watching.stdout.readline()), daemon=True)  # type: ignore[union-attr]
            reading.start()
            ids = list[str]()
            end = time.monotonic() + PATIENCE
            while not line and time.monotonic() < end:  # it may not listen yet
                ids.append(near.id("-t", "x"))
                near("cancel", ids[-1])
                reading.join(0.2)
        finally:
            watching.send_signal(signal.SIGINT)
            code = watching.wait(PATIENCE)

    said = json.loads(line[0])
    assert said["job_id"] in ids and said["type"] == "x"
    assert code == 130


def test_a_command_beside_redis_loads_nothing_of_the_way_through_an_api(environment: dict[str, str]) -> None:
    code = (
        "import sys; from gopher_cli.cli.shell.run import run; assert run(['submit', '-q', '-t', 'x']) == 0;"
        "print([m for m in sys.modules if m.startswith('gopher_cli.remote') or m == 'http.client'])"
    )
    env = {**os.environ, **environment}

    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_line_that_waits_for_a_job_that_is_not_there_is_refused_as_without_an_api(
    near: Cli, far: Cli
) -> None:
    many = '{"id":"load","after":["extract"]}\n{"id":"extract"}\n{"id":"lost","after":["typo"]}\n'
    for words, lines in (((), many), ((), '{"after":["typo"]}'), (("--batch-id", "night"), many)):
        heard = [
            cli("submit", "-t", "x", "-Q", queue, "--batch", "-", "-o", "ndjson", *words, stdin=lines)
            for cli, queue in ((near, "near"), (far, "far"))
        ]
        said = [
            [(one["status"], str(one["error"]).replace("far", "near")) for one in map(json.loads, lines)]
            for lines in (ran.lines for ran in heard)
        ]
        assert said[0] == said[1] and said[0][-1][0] == "refused"
        assert [ran.code for ran in heard] == [1, 1]


def test_every_next_step_that_the_api_advises_has_its_words_for_a_shell() -> None:
    advised = {hint.http for hint in vars(hints).values() if isinstance(hint, hints.Hint)}

    assert len(advised) >= 9
    for hint in advised:
        assert "gopher " in str(error_of(404, {"detail": "no such thing", "hint": hint}).hint), hint
