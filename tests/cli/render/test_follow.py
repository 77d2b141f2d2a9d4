"""Who follows a job hears why it does not run."""

from __future__ import annotations

import pytest

from cli.running import Cli
from gopher_cli.cli.render import follow


@pytest.mark.parametrize(
    ("options", "pauses", "reason"),
    [
        ((), False, "no worker is running"),
        ((), True, "the queue is paused"),
        (("--in", "1h"), False, "it is due in"),
    ],
)
def test_whatever_the_reason_is_it_is_told_once(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], pauses: bool, reason: str
) -> None:
    monkeypatch.setattr(follow, "_PATIENCE", 0.0)
    id = cli.id("-t", "x", *options)
    if pauses:
        cli("queue", "pause", "default")

    ran = cli("inspect", id, "--wait", "--wait-timeout", "200ms")

    assert ran.code == 124
    assert ran.err.count("not running yet: ") == 1 and f"not running yet: {reason}" in ran.err
