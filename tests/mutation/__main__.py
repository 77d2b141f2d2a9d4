"""python -m mutation --minutes 30 --seed 7 [verbs worker]: what no test notices, a line each."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import reaper

from mutation.errors import Error, errors_in, with_error

ROOT = Path(__file__).parents[2]
# What runs for an error in which part, the quick first.
_TESTS = {
    "verbs": (
        "verbs crashes",
        "store laws history/test_prefixes.py",
        "cli/batch/test_batch.py cli/commands/test_repair_commands.py",
    ),
    "worker": (
        "worker/runner worker/execution worker/test_handlers.py worker/supervisor/test_duties.py",
        "worker",
        "faults/test_worker_signals.py faults/test_worker_killed.py faults/test_worker_failpoints.py "
        "faults/test_network_worker.py faults/test_worker_deaths.py",
    ),
    "cli/batch/batch.py": (
        "cli/batch/test_batch.py cli/remote/test_bulk.py",
        "faults/test_server_process_cli.py",
    ),
}
_TESTS |= {
    f"model/schedule/{file}.py": (" ".join(f"model/schedule/test_{name}.py" for name in names.split()),)
    for file, names in {
        "cron": "cron cron_fields cron_minutes", "cron_fields": "cron_fields cron",
        "zone": "zone cron_minutes", "cron_words": "cron_words", "cron_notes": "cron_notes",
        "crontab": "crontab", "command_name": "command_name crontab",
    }.items()
}  # fmt: skip
_LIMIT = 400  # seconds for one round of tests: an endless loop is noticed too


def main() -> int:
    words = argparse.ArgumentParser(prog="mutation", description=__doc__)
    words.add_argument("parts", nargs="*", default=list(_TESTS))
    words.add_argument("--minutes", type=float, default=30.0)
    words.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    words.add_argument("--processes", default="3")
    words.add_argument("--quick", action="store_true", help="the first round of tests alone")
    given = words.parse_args()
    reaper.start()
    print(f"seed {given.seed}: again with --seed {given.seed}", flush=True)
    chance, until = random.Random(given.seed), time.monotonic() + given.minutes * 60
    killed = survived = 0
    with TemporaryDirectory(prefix="gopher-mutation-", dir="/tmp") as home:
        tree = _copied(Path(home) / "tree")
        for part, file, error in _by_dice(given.parts, chance):
            if time.monotonic() > until:
                break
            noticed = _noticed(tree, _TESTS[part][: 1 if given.quick else None], file, error, given.processes)
            killed, survived = killed + noticed, survived + (not noticed)
            print(f"{'caught  ' if noticed else 'SURVIVED'} {file}:{error.line}: {error.what}", flush=True)
    print(f"{killed} caught, {survived} survived", flush=True)
    return 0


def _copied(tree: Path) -> Path:
    drop = shutil.ignore_patterns(".venv", ".git", "__pycache__", ".*_cache", ".hypothesis", "dist")
    shutil.copytree(ROOT, tree, ignore=drop)
    return tree


def _by_dice(parts: Sequence[str], chance: random.Random) -> list[tuple[str, str, Error]]:
    """All errors of these parts, in turns: a large part takes no more of the time than a small one."""
    apart = []
    for part in parts:
        path = ROOT / "gopher_cli" / part
        files = [path] if path.is_file() else sorted(path.rglob("*.py"))
        found = [
            (part, str(file.relative_to(ROOT)), e) for file in files for e in errors_in(file.read_text())
        ]
        chance.shuffle(found)
        apart.append(found)
    longest = max(map(len, apart))
    return [found[n] for n in range(longest) for found in apart if n < len(found)]


def _noticed(tree: Path, rounds: Sequence[str], file: str, error: Error, processes: str) -> bool:
    path = tree / file
    source = path.read_text()
    path.write_text(with_error(source, error))
    try:
        return any(not _passes(tree, tests.split(), processes) for tests in rounds)
    finally:
        path.write_text(source)


def _passes(tree: Path, tests: Sequence[str], processes: str) -> bool:
    files = [f"tests/{name}" for name in tests if (tree / "tests" / name).exists()]
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-n", processes, "--dist", "worksteal", *files]
    environ = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    quiet = subprocess.DEVNULL
    run = subprocess.Popen(words, cwd=tree, env=environ, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        return run.wait(_LIMIT) == 0
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return False


sys.exit(main())
