"""A job may say what it likes: no command lets it reach the terminal."""

from __future__ import annotations

import a
import pytest

from cli.running import Cli
from cli.world import beat, end, fail, report, start

EVIL = "\x1b[2J\x1b]0;owned\x07\x1b[31m[red]bold[/red]\r\x08\x9b\u202e\u2066\u200b\ufeff\x7f\x00\nnext"


def hostile(text: str) -> list[str]:
    """What must never be seen; the colours of our own tables are taken away first."""
    bad = set("\x00\x07\x08\x0b\x0c\r\x1b\x7f\x9b\u202e\u2066\u200b\ufeff")
    return [char for char in text if char in bad]


@pytest.fixture
def world(cli: Cli) -> Cli:
    """A job that is hostile in every field that takes any text, and a worker that is so too."""
    shown = EVIL.replace("\x00", "")  # no argument can hold a NUL
    fail(
        cli, "--id", "evil", "--tag", shown, "--header", f"{shown}={shown}", "--unique", shown, f"a={shown}",
        error=EVIL, traceback=EVIL, outcome_note=EVIL,
    )  # fmt: skip
    cli("submit", "-t", "x", "--id", "done", f"b={shown}")
    (lease,) = start(cli)
    report(cli, lease, log=f"{EVIL}\n", progress={"fraction": 0.1, "message": EVIL})
    end(cli, lease, a.success(a.msgspec.json.encode({EVIL: EVIL})))
    beat(cli, EVIL, host=EVIL, pid=1, state=EVIL, version=EVIL, queues=[EVIL], types=[EVIL],
         current=[{"id": EVIL, "type": EVIL, "queue": EVIL, "seconds": 1.0}])  # fmt: skip
    return cli


COMMANDS = [
    ["inspect", "evil"],
    ["inspect", "done"],
    ["jobs", "ls"],
    ["list-failed"],
    ["workers"],
    ["stats"],
    ["queue", "ls"],
    ["submit", "-t", "x", "--id", "evil"],
    ["retry", "evil"],
    ["cancel", "evil"],
    ["types"],
    ["health"],
    ["inspect", "done", "--wait"],
    ["inspect", "evil", "--wait"],
    ["requeue-dlq", "evil"],
    ["inspect", EVIL],
    ["jobs", "ls", "-Q", EVIL],
    ["submit", "-t", EVIL],
    ["jobs", "ls", "--error", EVIL + "("],
    ["stats", "-o", EVIL],
    ["types", EVIL],
    ["nonsense" + EVIL],
    ["stats", "--" + EVIL],
    ["queue", "pause", EVIL],
]


@pytest.mark.parametrize("format", ["table", "plain", "json", "ndjson", "csv", "id"])
@pytest.mark.parametrize(
    "command", COMMANDS, ids=lambda words: " ".join(words[:2]).encode("unicode_escape").decode()[:30]
)
def test_no_command_shows_a_hostile_character_at_a_terminal(
    world: Cli, command: list[str], format: str
) -> None:
    world.env["NO_COLOR"] = "1"
    ran = world(*command, "-o", format, tty=True)

    assert hostile(ran.out + ran.err) == []


def test_markup_of_a_job_is_shown_and_not_obeyed(world: Cli) -> None:
    assert "[red]bold[/red]" in world("inspect", "evil", tty=True, columns=200).out


def test_a_result_in_a_pipe_is_the_result_itself(cli: Cli) -> None:
    id = cli.id("-t", "x")
    (lease,) = start(cli)
    end(cli, lease, a.success(a.msgspec.json.encode(EVIL)))

    assert cli("inspect", id, "--wait").out == EVIL + "\n"
