"""Lint of the Lua: the header is the contract, and every rule of a script that must never be half done."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from uuid import uuid4

import pytest
from driver import Queue
from each import each
from laws.walk import Walk
from lua import Names
from script_watch import watched

from gopher_cli.store import calls, scripts
from gopher_cli.store.keyspace import FLEET_KEYS, QUEUE_KEYS
from gopher_cli.store.scripts import LUA, load, origin

SCRIPTS = scripts.names()
FRAGMENTS = sorted(set(scripts.files()) - set(SCRIPTS))
EVERY_FILE = sorted(path for path in LUA.rglob("*.lua"))
GLOBALS = {*re.findall(r"\w+", "ARGV KEYS ipairs math pairs pcall redis string table tonumber type unpack")}
each_script = each(SCRIPTS)
each_file = each(EVERY_FILE, lambda path: path.stem)


def code(path: Path) -> str:
    """Without comments and texts: what Lua acts upon."""
    return re.sub(r"--.*", "", path.read_text())


def closure(name: str) -> set[str]:
    """A file and all that it needs."""
    return {name}.union(*(closure(need) for need in scripts.needs(name)))


def whole(name: str) -> str:
    """A script with its fragments, in the words of those who wrote it."""
    return "".join(code(LUA / scripts.files()[part]) for part in closure(name))


def header(name: str) -> list[str]:
    lines = scripts.read(name).splitlines()
    return lines[: next(i for i, line in enumerate(lines) if not line.startswith("--"))]


@each_script
def test_a_script_begins_with_its_contract(name):
    said = "\n".join(header(name))

    assert re.match(r"-- [A-Z].*[.:]", said), "first: what it does, in a sentence"
    for part in ("KEYS  ", "ARGV  ", "OUT   "):
        assert said.count(f"\n-- {part}") == 1, f"one line {part}"
    assert said.index("-- KEYS") < said.index("-- ARGV") < said.index("-- OUT")


@each_script
def test_a_script_has_a_call_of_its_name(name):
    call = getattr(calls, name)

    assert inspect.isfunction(call)
    assert "now" in inspect.signature(call).parameters, "time is an argument"


def test_no_call_is_without_its_script():
    functions = {n for n in calls.__all__ if inspect.isfunction(getattr(calls, n))}

    assert functions == set(SCRIPTS)


@each_script
def test_what_a_script_is_given_is_known_and_used(name):
    keys, argv, text = load(name).keys, load(name).argv, whole(name)

    assert set(keys) <= {*QUEUE_KEYS, "held", "place"} or set(keys) <= set(FLEET_KEYS)
    assert len(set(keys)) == len(keys)
    assert set(re.findall(r"\bKEYS\.(\w+)", text)) == set(keys)
    assert set(re.findall(r"\bARGV\.(\w+)", text)) == set(argv)


@each_file
def test_a_key_is_asked_for_by_name(path):
    assert not re.search(r"\bKEYS\b(?!\.[a-z])", code(path))
    assert not re.search(r"\bARGV\[\d", code(path))


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Lua files of their own: ``write("lib/one", text)``."""
    monkeypatch.setattr(scripts, "LUA", tmp_path)

    def forget():
        for cached in (scripts.files, scripts.read, scripts.needs, scripts.load, scripts._header):
            cached.cache_clear()

    def write(name, text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.lua").write_text(text)
        forget()

    yield write
    forget()


HEADER = "-- KEYS  meta\n-- ARGV  now\n"


def test_a_name_that_the_header_does_not_know_is_refused(write):
    write("work/wrong", f"{HEADER}return KEYS.spec\n")

    with pytest.raises(ValueError, match=r"wrong.lua names no KEYS\.spec"):
        load("wrong")


def test_a_fragment_comes_once_and_behind_all_that_it_needs(write):
    write("lib/base/one", "-- First.\nlocal one = 1\n")
    write("lib/more/two", "--- @needs one\nlocal two = one + one\n")
    write("work/three", f"{HEADER}--- @needs two one\nreturn one + two\n")

    assert (
        load("three").source == f"-- First.\nlocal one = 1\nlocal two = one + one\n{HEADER}return one + two\n"
    )
    assert [origin("three", line) for line in (2, 3, 5, 6)] == [
        "lib/base/one.lua:2", "lib/more/two.lua:2", "work/three.lua:2", "work/three.lua:4",
    ]  # fmt: skip


def test_a_circle_of_fragments_is_refused(write):
    write("lib/one", "--- @needs two\n")
    write("lib/two", "--- @needs one\n")
    write("three", f"{HEADER}--- @needs one\n")

    with pytest.raises(ValueError, match="three -> one -> two -> one"):
        load("three")


@pytest.mark.parametrize("name", ["nobody", "other"])
def test_a_need_that_is_no_fragment_is_refused(write, name):
    write("other", HEADER)
    write("three", f"{HEADER}--- @needs {name}\n")

    with pytest.raises(ValueError, match=f"three.lua needs {name}, and no fragment"):
        load("three")


@each_script
def test_now_is_the_first_argument_and_the_only_clock(name):
    assert load(name).argv[0] == "now"
    assert load(name).source.count('"TIME"') == 1


@each_script
def test_each_line_of_a_script_is_found_again(name):
    for number, line in enumerate(load(name).source.splitlines(), 1):
        file, _, at = origin(name, number).partition(":")
        there = (LUA / file).read_text().splitlines()[int(at) - 1]
        assert re.sub(r"\[\d+\]", "", line) == re.sub(r"(KEYS|ARGV)\.\w+|\[\d+\]", r"\1", there)


def test_a_name_is_defined_in_one_fragment():
    defined = [name for fragment in FRAGMENTS for name in Names(scripts.read(fragment)).defined]

    assert sorted(set(defined)) == sorted(defined)


@each_file
def test_a_file_needs_those_whose_names_it_uses_and_no_others(path):
    """A name that is nobody's would be an error, and only where that line is run."""
    home = {name: fragment for fragment in FRAGMENTS for name in Names(scripts.read(fragment)).defined}
    used = Names(path.read_text()).free - GLOBALS

    assert used <= set(home), "names that nobody defines"
    assert [*scripts.needs(path.stem)] == sorted({home[name] for name in used})


def test_every_file_has_a_name_of_its_own():
    assert len(scripts.files()) == len(EVERY_FILE)


def test_a_folder_has_at_most_16_files():
    assert [folder for folder in {path.parent for path in EVERY_FILE} if len([*folder.iterdir()]) > 16] == []


def test_every_fragment_is_needed_by_a_script():
    assert set().union(*map(closure, SCRIPTS)) == {*SCRIPTS, *FRAGMENTS}


@each_file
def test_a_file_is_short_and_says_first_what_it_is(path):
    lines = path.read_text().splitlines()

    assert lines[0].startswith("-- ")
    assert len(lines) <= 80
    assert all(len(line) <= 120 for line in lines)
    assert not any("\t" in line or line.rstrip() != line for line in lines)


@each_file
@pytest.mark.parametrize(
    ("word", "why"),
    [
        (r"cjson|cmsgpack", "payloads are opaque"),
        (r'"(P?EXPIRE(AT)?|P?SETEX|GETEX|PERSIST)"', "nothing that matters may vanish by itself"),
        (r'"(KEYS|H?Z?S?SCAN|FLUSH\w*|DEL|SORT)"', "a script takes a bounded time"),
        (r"^#!", "Redis 6 knows no shebang"),
        (r"\btostring\(", "numbers become text in one way only"),
        (r"\b(loadstring|setfenv|getfenv|_G)\b", "no tricks"),
        (r"redis\.(log|set_repl|replicate_commands|sha1hex)", "nothing but calls"),
        (r"math\.random", "chance is the caller's"),
    ],
)  # fmt: skip
def test_a_script_does_without(path, word, why):
    assert not re.search(word, code(path), re.MULTILINE), why


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_script_touches_declared_keys_looks_before_it_leaps_and_frees_first(redis, seed):
    spied = {name: watched(name, load(name).source) for name in SCRIPTS}
    queue = Queue(redis, f"spy-{uuid4().hex[:8]}", scripts=spied)

    Walk(queue, seed).go(200, every=10)
    queue.forget()


def test_a_script_that_breaks_a_rule_is_seen(redis, namespace):
    """The watch itself is watched."""
    wrong = {
        'redis.call("TIME") redis.call("TIME")': "the clock is read twice",
        'redis.call("GET", KEYS[1])': "no script may use GET",
        'redis.call("HGET", "other", "a")': "undeclared key",
        'redis.call("HSET", KEYS[1], "a", "b")': "the first write is HSET",
        'redis.call("HDEL", KEYS[1], "a") redis.call("ZADD", KEYS[2], 1, "a")': "nobody has looked at",
    }
    for source, why in wrong.items():
        with pytest.raises(Exception, match=why):
            redis.eval(watched("settle", source), 2, f"{namespace}:1", f"{namespace}:2")
