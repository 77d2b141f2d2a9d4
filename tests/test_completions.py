"""The committed completion files are those that gopher would make today, and they work in a shell."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from gopher_cli.cli.commands.completion import FILES, script
from gopher_cli.cli.shell.command_tree import SHELLS, places

HERE = Path(__file__).parent.parent / "completions"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_committed_file_is_current(shell: str) -> None:
    assert script(shell) == (HERE / FILES[shell]).read_text(), (
        f"run: gopher completion {shell} > completions/{FILES[shell]}"
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_option_is_there(shell: str) -> None:
    text = script(shell)

    for place in places():
        assert place.path in text
        for flag in place.flags:
            long = next(name for name in flag.names if name.startswith("--"))
            assert (f"-l {long[2:]}" if shell == "fish" else long) in text


def completed(*words: str) -> list[str]:
    """What bash offers for these words, the last of which is being typed."""
    typed = " ".join(f"'{word}'" for word in words)
    line = " ".join(words).replace(" = ", "=")
    driver = (
        f"gopher() {{ [[ $1 == __complete ]] && echo \"$2-from-redis\"; }}; source '{HERE / FILES['bash']}';"
        f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; COMP_LINE='{line}'; COMP_POINT={len(line)};"
        "_gopher; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    bash = shutil.which("bash")
    assert bash, "this test needs bash"
    found = subprocess.run([bash, "--norc", "-c", driver], capture_output=True, text=True, check=True)
    assert found.stderr == ""
    return found.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["gopher", "su"], ["submit"]),
        (["gopher", "queue", ""], ["ls", "pause", "resume", "rm"]),
        (["gopher", "expect", ""], ["set", "ls", "show", "rm"]),
        (["gopher", "expect", "rm", ""], ["expects-from-redis"]),
        (["gopher", "expect", "nightly", "--ev"], ["--every"]),
        (["gopher", "expect", "nightly", "-t", ""], ["types-from-redis"]),
        (["gopher", "submit", "--pri"], ["--priority"]),
        (["gopher", "submit", "--priority", ""], ["high", "normal", "low"]),
        (["gopher", "stats", "-o", "j"], ["json"]),
        (["gopher", "stats", "--output", "=", "j"], ["json"]),
        (["gopher", "submit", "-t", ""], ["types-from-redis"]),
        (["gopher", "queue", "pause", ""], ["queues-from-redis"]),
        (["gopher", "inspect", ""], ["ids-from-redis"]),
        (["gopher", "completion", "z"], ["zsh"]),
        (["gopher", "schedule", "p"], ["pause"]),
        (["gopher", "schedule", "pause", ""], ["schedules-from-redis"]),
        (["gopher", "schedule", "next", "--tz", ""], ["zones-from-redis"]),
        (["gopher", "schedule", "set", "x", "--overlap", ""], ["skip", "all"]),
        (["gopher", "schedule", "import", "--tz", ""], ["zones-from-redis"]),
        (["gopher", "stats", "--watch", ""], []),
        (["gopher", "jobs", "ls", "--state", "fa"], ["failed"]),
    ],
)
def test_bash_offers_what_fits(words: list[str], expected: list[str]) -> None:
    assert completed(*words) == expected


def test_the_manual_page_is_current() -> None:
    from gopher_cli.cli.commands.man import page

    assert page() == (HERE.parent / "docs" / "gopher.1").read_text(), "run: gopher man > docs/gopher.1"
