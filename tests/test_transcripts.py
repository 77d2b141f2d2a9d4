"""Sessions at a shell, as a user would type them: tests/transcripts/*.txt, and the README's.

$ a command               run by bash, all of one file in one shell, in an empty directory
a line of stdout          ... stands for anything
! a line of stderr
[exit 3]                  0 where nothing is said
# a remark
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SESSIONS = {file.stem: file.read_text() for file in sorted((HERE / "transcripts").glob("*.txt"))}
README = (HERE.parent / "README.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
SESSIONS |= {f"README-{number}": text for number, text in enumerate(BLOCKS, 1)}


@dataclass
class Step:
    command: str
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    code: int = 0


def read(text: str) -> list[Step]:
    steps: list[Step] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            steps.append(Step(line[2:]))
        elif line.startswith("> "):
            steps[-1].command += "\n" + line[2:]
        elif line.startswith("! "):
            steps[-1].err.append(line[2:])
        elif match := re.fullmatch(r"\[exit (\d+)\]", line):
            steps[-1].code = int(match[1])
        elif line and not line.startswith("# "):
            steps[-1].out.append(line)
    return steps


def shell(steps: list[Step], where: Path, env: dict[str, str]) -> list[Step]:
    """The same steps as they have really gone."""
    script = "".join(
        f"{{ {step.command}\n}} >{where}/out.{n} 2>{where}/err.{n} </dev/null; echo $? >{where}/code.{n}\n"
        for n, step in enumerate(steps)
    )
    work = where / "work"
    work.mkdir()
    subprocess.run(["bash", "--norc", "-c", script], cwd=work, env=env, timeout=100, check=False)
    return [
        Step(
            step.command,
            [line for line in (where / f"out.{n}").read_text().splitlines() if line],
            (where / f"err.{n}").read_text().splitlines(),
            int((where / f"code.{n}").read_text()),
        )
        for n, step in enumerate(steps)
    ]


def environment(where: Path, redis_url: str, namespace: str) -> dict[str, str]:
    """For `shell`: with a command ``gopher`` that is this one."""
    bin = where / "bin"
    bin.mkdir()
    (bin / "gopher").write_text(f'#!/bin/sh\nexec {sys.executable} -m gopher_cli "$@"\n')
    (bin / "gopher").chmod(0o755)
    return {
        "PATH": f"{bin}:{os.environ['PATH']}", "HOME": str(where), "LC_ALL": "C.UTF-8", "TZ": "UTC",
        "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace,
        **{name: os.environ[name] for name in ("PYTHONPATH", "PYTHONPYCACHEPREFIX") if name in os.environ},
    }  # fmt: skip


def fits(expected: list[str], found: list[str]) -> bool:
    """Line by line; a line of ``...`` alone stands for any number of lines."""
    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n"
        for line in expected
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in found)) is not None


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_goes_as_written(session: str, redis_url: str, namespace: str, tmp_path: Path) -> None:
    env = environment(tmp_path, redis_url, namespace)
    expected = read(SESSIONS[session])

    found = shell(expected, tmp_path, env)

    for wanted, seen in zip(expected, found, strict=True):
        story = f"$ {wanted.command}\nstdout: {seen.out}\nstderr: {seen.err}\nexit {seen.code}"
        assert wanted.code == seen.code, story
        assert fits(wanted.out, seen.out), f"{story}\nwanted: {wanted.out}"
        assert fits(wanted.err, seen.err), f"{story}\nwanted: {wanted.err}"


def test_there_are_sessions() -> None:
    assert len(SESSIONS) >= 6
    assert BLOCKS
