"""The house can be read from its names: floors in each folder, few files, one idea a name, no gerunds."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from test_architecture import FILES, ROOT, known, module

# Inside of a part: each folder and file imports from the lines above its own, and from itself.
FLOORS = {
    "cli": (
        "terminal",
        "shell",
        "input",
        "render",
        "batch crontab",
        "commands",
    ),
    "model": (
        "findings hints json_fault numbers text",
        "errors",
        "events job",
        "access facts select views",
        "schedule schema",
        "totals",
    ),
    "store": (
        "codec keyspace record schema_version scripts url",
        "calls errors rows",
        "asks connections",
        "routing",
        "stores",
    ),
    "verbs": (
        "core",
        "access idempotency parents queues reschedule startup",
        "select submit",
        "outbox schedule",
        "read requeue work",
        "doctor operate remove_queue",
        "bulk protocol",
        "last_of_type",
    ),
    "web": (
        "server",
        "auth metrics",
        "services",
        "authorize",
        "api dashboard",
        "health",
        "app",
        "serve",
    ),
    "worker": (
        "board channel forks logs options queue_groups",
        "messages process_lock",
        "handler_link",
        "execution",
        "programs",
        "runner",
        "supervisor",
    ),
    "web/api": (
        "support",
        "routes",
        "schedules",
        "submit",
        "install",
    ),
    "web/dashboard": (
        "assets views",
        "forms render",
        "page_route",
        "pages",
        "install",
    ),
}

# A name that several files have is one idea on several floors.
SHARED = {
    "access": "who may come in",
    "backfill": "jobs for instants that are over",
    "batch": "many jobs in one submit",
    "batch_marks": "how far a batch has come",
    "bulk": "one action on many jobs",
    "doctor": "what is wrong, and its repair",
    "events": "what happens to jobs",
    "expect": "what is to succeed every so often",
    "expects": "what is to succeed every so often",
    "failure_groups": "the dead letter queue by error",
    "filters": "which jobs are meant, as a door is told",
    "fleet": "the workers that there are",
    "handlers": "what runs a type of job",
    "health": "is it able to work",
    "idempotency": "an answer that is given again",
    "inspect": "everything about one job",
    "install": "what puts a part into the application",
    "job": "one job",
    "job_actions": "actions on one job",
    "job_options": "how a job is to be done, as a door is told",
    "jobs": "jobs in general",
    "keys": "API keys",
    "logs": "lines of a daemon",
    "operate": "cancel, delete, pause",
    "outbox": "follow-ups on their way",
    "payload": "the payload of a job",
    "problems": "errors over HTTP",
    "queues": "the queues that there are",
    "reschedule": "another time for a job",
    "schedule": "one schedule",
    "schedule_options": "when a schedule runs, as a door is told",
    "schedules": "all schedules",
    "serve": "the HTTP server",
    "server": "a server: its settings, its process",
    "startup": "whether a process may begin",
    "stats": "one picture of everything",
    "submit": "jobs come in",
    "survey": "which keys there are",
    "ticks": "due instants become jobs",
    "watch": "events as they happen",
    "work": "fetch, settle, renew",
    "worker": "one worker",
    "workers": "the workers, as rows",
}

_MOST = 16  # files in a folder; a command has a file of its own, however many there are
_COMMANDS = "cli/commands"
# Nouns of the trade, and the job types of the built-in handlers.
_NOUNS = {
    "config/setting",
    "cli/terminal/encoding",
    "builtin/image_processing",
    "web/api/submit/submit_recurring",
}

SOURCES = {module(path): path.read_text(encoding="utf-8") for path in FILES}


@pytest.mark.parametrize("folder", FLOORS)
def test_inside_of_a_part_imports_point_down_too(folder: str) -> None:
    base = "gopher_cli." + folder.replace("/", ".") + "."
    floor = {name: height for height, line in enumerate(FLOORS[folder]) for name in line.split()}

    for name, text in SOURCES.items():
        if name.startswith(base):
            here = name.removeprefix(base).split(".")[0]
            below = {n.removeprefix(base).split(".")[0] for n in known(text, SOURCES) if n.startswith(base)}
            up = {other for other in below - {here} if floor[other] >= floor[here]}
            assert not up, f"{name} imports from {', '.join(sorted(up))}, which stands no lower"


@pytest.mark.parametrize("folder", FLOORS)
def test_the_floors_name_what_there_is_and_nothing_else(folder: str) -> None:
    there = {p.stem for p in (ROOT / folder).glob("*.py")} | {
        p.parent.name for p in (ROOT / folder).glob("*/__init__.py")
    }

    assert set(" ".join(FLOORS[folder]).split()) == there - {"__init__"}


def test_every_part_with_folders_in_it_has_floors() -> None:
    within = {str(p.parent.parent.relative_to(ROOT)) for p in ROOT.glob("*/**/__init__.py")}

    assert within - {".", "config"} == set(FLOORS)


def test_a_folder_can_be_taken_in_at_a_glance() -> None:
    sizes: dict[str, int] = defaultdict(int)
    for path in (*FILES, *ROOT.rglob("*.lua")):
        if path.stem not in ("__init__", "__main__"):
            sizes[str(path.parent.relative_to(ROOT))] += 1

    assert {folder: n for folder, n in sizes.items() if n > _MOST and folder != _COMMANDS} == {}


def test_two_files_share_a_name_only_for_one_idea() -> None:
    places: dict[str, list[Path]] = defaultdict(list)
    for path in FILES:
        if path.stem not in ("__init__", "__main__"):
            places[path.stem].append(path.relative_to(ROOT))

    assert {name for name, paths in places.items() if len(paths) > 1} == set(SHARED)


def test_a_file_is_a_noun_or_a_verb_and_no_gerund() -> None:
    gerunds = {str(path.relative_to(ROOT).with_suffix("")) for path in FILES if path.stem.endswith("ing")}

    assert gerunds <= _NOUNS
