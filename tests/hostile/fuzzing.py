"""schemathesis over the OpenAPI document of a real server: `python -m hostile.fuzzing --max-time 600`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import reaper
from hostile.conftest import KEY, Victim
from servers import own_server

_CONFIG = Path(__file__).with_name("schemathesis.toml")
_TIME = 60


def fuzz(victim: Victim, *words: str, patience: float | None = None) -> tuple[int, str]:
    """Its exit code, and what it has to say. ``words`` are more of `schemathesis run`."""
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", _CONFIG, "run"]
    where = [f"http://127.0.0.1:{victim.port}/openapi.json", "-H", f"X-API-KEY: {KEY}"]
    with TemporaryDirectory() as place:  # it keeps what it has found where it runs
        ran = subprocess.run(
            [*command, *where, "--no-color", *words],
            cwd=place,
            capture_output=True,
            text=True,
            timeout=patience,
        )
    return ran.returncode, ran.stdout + ran.stderr


def main(words: list[str]) -> int:
    """For as long as it is told to; a new seed each time."""
    reaper.start()
    with TemporaryDirectory(prefix="gopher-fuzz-", dir="/tmp") as home, own_server() as server:
        victim = Victim(server.url, Path(home), API_KEY=KEY)
        try:
            code, said = fuzz(victim, *(words or ["--max-time", str(_TIME)]))
            print(said)
            victim.ends_well()
        finally:
            victim.kill()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
