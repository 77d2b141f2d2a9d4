"""docs/runbook.md: who types what stands there sees what stands there, in an incident like that one."""

from __future__ import annotations

import re
from pathlib import Path

from test_transcripts import Step, environment, fits, read, shell

HERE = Path(__file__).parent
PAGE = (HERE.parent / "docs/runbook.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
# What differs from run to run: times, sizes and speeds with their units, versions, bars.
_VARIES = re.compile(r"\d[\d.]*(?:µs|ms|m\d+s|/min|/h|/s|s|m|h|%)|\d+\.\d+\.\d+|\bnow\b|[▒╳]{9,}|\w+@\S+")


def steps(text: str, *, table: bool) -> list[Step]:
    found = read(re.sub(r"^! ", "!\u00a0", text, flags=re.MULTILINE))  # a table's own mark, not stderr's
    for step in found:
        if table:  # as at a terminal
            step.command += " -o table 2>&1"
    return found


def alike(lines: list[str]) -> list[str]:
    """Without what differs from run to run, and without the room that it takes."""
    return [
        re.sub(r"[ \u00a0]+", " ", re.sub(r" ago\b", "", _VARIES.sub("~", line))).strip() for line in lines
    ]


def test_the_runbook_goes_as_written(redis_url: str, namespace: str, tmp_path: Path) -> None:
    env = environment(tmp_path, redis_url, namespace) | {"COLUMNS": "110"}
    before = steps((HERE / "runbook/incident.txt").read_text(), table=False)
    told = steps("".join(BLOCKS), table=True)

    ran = shell(before + told, tmp_path, env)
    for step in ran[: len(before)]:
        assert step.code == 0, f"$ {step.command}\nstdout: {step.out}\nstderr: {step.err}\nexit {step.code}"
    found = ran[len(before) :]

    assert len(told) >= 10
    for wanted, seen in zip(told, found, strict=True):
        story = f"$ {wanted.command}\nstdout: {seen.out}\nstderr: {seen.err}\nexit {seen.code}"
        assert wanted.code == seen.code, story
        assert fits(alike(wanted.out), alike(seen.out)), f"{story}\nwanted: {alike(wanted.out)}"
