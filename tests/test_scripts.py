"""Lint of the Lua: the header is the contract, and every rule of a script that must never be half done."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from uuid import uuid4

import pytest
from driver import Queue
from laws.walk import Walk
from spy import watched

from gopher_cli.store import calls, scripts
from gopher_cli.store.keys import FLEET_KEYS, QUEUE_KEYS
from gopher_cli.store.scripts import LUA, load, origin

SCRIPTS = sorted(path.stem for path in LUA.glob("*.lua"))
FRAGMENTS = sorted(path.stem for path in (LUA / "lib").glob("*.lua"))
EVERY_FILE = sorted(path for path in LUA.rglob("*.lua"))
WORDS = set(
    re.findall(
        r"\w+",
        """and break do else elseif end false for function if in local nil not or repeat return then true
        until while ARGV KEYS ipairs math pairs pcall redis string table tonumber type unpack""",
    )
)
each_script = pytest.mark.parametrize("name", SCRIPTS)
each_file = pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: path.stem)


def code(path: Path) -> str:
    """Without comments and texts: what Lua acts upon."""
    return re.sub(r"--.*", "", path.read_text())


def whole(name: str) -> str:
    """A script with its fragments, in the words of those who wrote it."""
    text = (LUA / f"{name}.lua").read_text()
    return code(LUA / f"{name}.lua") + "".join(
        code(LUA / "lib" / f"{one}.lua") for one in re.findall(r"^--- @include (\w+)$", text, re.MULTILINE)
    )


def header(name: str) -> list[str]:
    lines = (LUA / f"{name}.lua").read_text().splitlines()
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

    assert functions - {"read_record"} == set(SCRIPTS)


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


def test_a_name_that_the_header_does_not_know_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(scripts, "LUA", tmp_path)
    (tmp_path / "wrong.lua").write_text("-- KEYS  meta\n-- ARGV  now\nreturn KEYS.spec\n")

    with pytest.raises(ValueError, match=r"names no KEYS\.spec"):
        load("wrong")


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


@each_script
def test_every_word_of_a_script_is_declared(name):
    """A global would be an error, and only where that line is run."""
    text = re.sub(r"\"[^\"\n]*\"|'[^'\n]*'", '""', whole(name))
    shapes = (r"local (?:function )?([\w, ]+)", r"function ?[\w.]*\(([\w, ]*)", r"for ([\w, ]+) (?:in|=)")
    declared = set(re.findall(r"\w+", " ".join(" ".join(re.findall(shape, text)) for shape in shapes)))
    used = set(re.findall(r"(?<![.\w])[a-zA-Z_]\w*\b(?! =[^=])", text))

    assert used - declared - WORDS == set()


@each_script
def test_a_script_includes_what_it_uses_and_nothing_else(name):
    included = re.findall(r"^--- @include (\w+)$", (LUA / f"{name}.lua").read_text(), re.MULTILINE)
    source = re.sub(r"--.*", "", load(name).source)

    assert len(set(included)) == len(included)
    for fragment in included:
        text = code(LUA / "lib" / f"{fragment}.lua")
        defined = re.findall(r"^local (?:function )?(\w+)", text, re.MULTILINE)
        assert any(len(re.findall(rf"\b{word}\b", source)) > 1 for word in defined), f"{fragment} is not used"


def test_every_fragment_is_included_somewhere():
    text = "".join((LUA / f"{name}.lua").read_text() for name in SCRIPTS)

    assert [f for f in FRAGMENTS if f"@include {f}\n" not in text] == []


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


@each_file
def test_every_variable_is_local(path):
    text = re.sub(r"\"[^\"\n]*\"|'[^'\n]*'", '""', code(path))
    assigned = set(re.findall(r"^\s*([A-Za-z_]\w*)\s*(?:,[^=\n]*)?=[^=]", text, re.MULTILINE))
    names = re.findall(r"local (?:function \w+\()?([\w, ]+)|function \w*\(([\w, ]*)\)", text)
    declared = set(re.findall(r"\w+", " ".join(" ".join(found) for found in names)))
    fields = set(re.findall(r"[{,]\s*(\w+) =", text))

    assert assigned - declared - fields == set()


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
