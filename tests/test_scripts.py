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

from gopher_cli.store import calls
from gopher_cli.store.keys import QUEUE_KEYS
from gopher_cli.store.scripts import LUA, load

SCRIPTS = sorted(path.stem for path in LUA.glob("*.lua"))
FRAGMENTS = sorted(path.stem for path in (LUA / "lib").glob("*.lua"))
EVERY_FILE = sorted(path for path in LUA.rglob("*.lua"))
each_script = pytest.mark.parametrize("name", SCRIPTS)
each_file = pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: path.stem)


def code(path: Path) -> str:
    """Without comments and texts: what Lua acts upon."""
    return re.sub(r"--.*", "", path.read_text())


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
def test_the_keys_of_a_script_are_in_the_keyspace_and_all_are_used(name):
    keys, text = load(name).keys, code(LUA / f"{name}.lua")

    assert set(keys) <= {*QUEUE_KEYS, "held", "place"}
    assert len(set(keys)) == len(keys)
    used = {int(n) for n in re.findall(r"KEYS\[(\d+)\]", text)}
    spans = re.findall(r"for i = (\d+), (\d+) do[^\n]*KEYS\[i\]", text)
    for first, last in [*spans, ("1", "3")] if "KEYS[class]" in text else spans:
        used |= set(range(int(first), int(last) + 1))
    assert used == set(range(1, len(keys) + 1))


@each_script
def test_now_is_the_first_argument_and_the_only_clock(name):
    assert load(name).argv[0] == "now"
    assert "now_ms(ARGV[1])" in code(LUA / f"{name}.lua")
    assert load(name).source.count('"TIME"') == 1


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
    scripts = {name: watched(name, load(name).source) for name in SCRIPTS}
    queue = Queue(redis, f"spy-{uuid4().hex[:8]}", scripts=scripts)

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
