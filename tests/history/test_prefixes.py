"""A log that ends anywhere is a sound queue: cut after any transaction, at any byte, damaged at its end.

I1, I2, I3, I6, I7, I8, I9 hold for each prefix: so there is no moment at which a crash does harm.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import laws
import pytest
from cli.running import Cli
from laws.state import State
from redis import Redis

from gopher_cli.embedded import server as server_module
from gopher_cli.embedded.place import place
from gopher_cli.embedded.server import stop
from history.aof import newest
from history.prefixes import FIRST, OTHERS, STORY, Log, log_of, server_with, stored_in
from history.story import OTHER, QUEUE

SEED = 7
CUTS = 25
# How much of the end is lost ("inside": up to the middle of a script), and what stands there instead.
DAMAGES: dict[str, tuple[int | str, bytes]] = {
    "zeros": (0, bytes(4096)),
    "rubbish": (0, Random(SEED).randbytes(300)),
    "overwritten": (200, Random(SEED).randbytes(200)),
    "cut inside of a script": ("inside", b""),
    "cut inside of a script, then zeros": ("inside", bytes(512)),
}
CASES = [(FIRST, damage) for damage in DAMAGES] + [(other, "rubbish") for other in OTHERS]


@pytest.fixture(params=(FIRST, *OTHERS))
def log(request: pytest.FixtureRequest) -> Log:
    return log_of(request.param)


def test_the_laws_hold_after_every_transaction(log: Log) -> None:
    print(f"{len(log.transactions)} boundaries in {len(log.bytes)} bytes")
    sound: set[int] = set()
    for number, stored in enumerate(log.states):
        for state in (state for queues in stored.values() for state in queues.values()):
            if id(state) not in sound:
                try:
                    laws.check_queue(state)
                except AssertionError as error:
                    commands = log.transactions[number - 1].commands
                    raise AssertionError(f"after transaction {number}: {commands}") from error
                sound.add(id(state))
    assert len(sound) > len(log.transactions) > 150


def test_inside_of_a_script_they_would_not(log: Log) -> None:
    """So it is the transactions that keep them, and the laws would tell if they did not."""
    broken = 0
    with server_with(log, b"") as server, Redis.from_url(server.url) as redis:
        for command in (command for one in log.transactions[:40] for command in one.commands):
            redis.execute_command(*command)
            try:
                laws.check(redis, command[1].split(b":")[0].decode())
            except AssertionError:
                broken += 1
    assert broken > 40


def test_a_follow_up_is_in_the_outbox_or_in_its_queue_from_when_its_parent_has_completed(log: Log) -> None:
    on_its_way = 0
    for stored in log.states:
        story, other = (stored[STORY].get(name, State({})) for name in (QUEUE, OTHER))
        for parent in (id for id in story.completed if id.startswith("parent")):
            number = parent.partition("-")[2]
            assert {f"near-{number}", f"far-{number}"} <= story.ids | other.ids | {
                name.partition(" ")[0] for name in story.outbox
            }
            on_its_way += bool(story.outbox)
    assert on_its_way, "no prefix has ended with a follow-up on its way"


@pytest.mark.row("R3")
def test_a_log_cut_at_any_byte_loads_as_what_was_whole_in_it(log: Log) -> None:
    """Inside of a command, between the commands of a script, at its very end."""
    dice = Random(SEED)
    spots = [dice.randrange(len(log.bytes)) for _ in range(CUTS)]
    spots += [dice.choice(log.transactions).end - offset for offset in (0, 1, 14, 15)]
    for cut in spots:
        with server_with(log, log.bytes[:cut]) as server, Redis.from_url(server.url) as redis:
            stored = stored_in(redis)
        assert stored == log.after(cut), f"cut at byte {cut} of {len(log.bytes)}"


@pytest.fixture
def home(tmp_path: Path, log: Log) -> Iterator[Path]:
    """Of an embedded server that has died with this log."""
    shutil.copytree(log.home, place(tmp_path, "default").data, dirs_exist_ok=True)
    yield tmp_path
    stop(tmp_path)


@pytest.mark.row("R3")
@pytest.mark.parametrize(("log", "damage"), CASES, indirect=["log"])
def test_a_damaged_end_costs_what_was_damaged_and_the_way_out_is_printed(
    log: Log, home: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "binaries", lambda: [log.binary])
    lost, instead = DAMAGES[damage]
    inside = next(one.end for one in reversed(log.transactions) if len(one.commands) > 3) - 30
    sound = inside if lost == "inside" else len(log.bytes) - int(lost)
    file = newest(place(home, "default").data)
    file.write_bytes(log.bytes[:sound] + instead)
    gopher = Cli(monkeypatch, {"GOPHER_HOME": str(home), "GOPHER_NAMESPACE": STORY, "REDIS_URL": ""})

    ran = gopher("stats")
    if ran.code:
        assert ran.code == 69 and "did not start" in ran.err
        repair = ran.err.partition("repair it: ")[2].strip()
        assert "--fix" in repair and str(file) in repair
        subprocess.run(["bash", "-c", repair], input=b"y\n", check=True, capture_output=True)
        ran = gopher("stats")

    assert ran.code == 0, ran.err
    with Redis(unix_socket_path=place(home, "default").socket) as redis:
        assert stored_in(redis) == log.after(sound)
