"""A job may say what it likes: it is shown, not obeyed. (That no command is fooled: tests/safety.)"""

from __future__ import annotations

import builders
import pytest

from cli.running import Cli
from cli.world import end, fail, start

EVIL = "\x1b[2J\x1b]0;owned\x07\x1b[31m[red]bold[/red]\r\x08\x9b\u202e\u2066\u200b\ufeff\x7f\x00\nnext"


@pytest.fixture
def world(cli: Cli) -> Cli:
    """A job that is hostile in every field that takes any text, and a worker that is so too."""
    shown = EVIL.replace("\x00", "")  # no argument can hold a NUL
    fail(
        cli, "--id", "evil", "--tag", shown, "--header", f"{shown}={shown}", "--unique", shown, f"a={shown}",
        error=EVIL, traceback=EVIL, outcome_note=EVIL,
    )  # fmt: skip
    cli("submit", "-t", "x", "--id", "done", f"b={shown}")
    return cli


def test_markup_of_a_job_is_shown_and_not_obeyed(world: Cli) -> None:
    assert "[red]bold[/red]" in world("inspect", "evil", tty=True, columns=200).out


def test_a_result_in_a_pipe_is_the_result_itself(cli: Cli) -> None:
    id = cli.id("-t", "x")
    (lease,) = start(cli)
    end(cli, lease, builders.success(builders.msgspec.json.encode(EVIL)))

    assert cli("inspect", id, "--wait").out == EVIL + "\n"
