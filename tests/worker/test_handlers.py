"""Handlers: what a payload's annotation means, what a signature may be, and where handlers come from."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import msgspec
import pydantic
import pytest

from gopher_cli import Gopher
from gopher_cli.handlers import Registry, Runs, decoder, schema_of
from gopher_cli.load_handlers import load_registry, parse_program
from gopher_cli.model.errors import BadConfig, BadData, Usage


@dataclass(frozen=True)
class AsDataclass:
    to: str
    count: int = 1


class AsTypedDict(TypedDict):
    to: str


class AsStruct(msgspec.Struct):
    to: str


class AsModel(pydantic.BaseModel):
    to: str


KINDS = [AsDataclass, AsTypedDict, AsStruct, AsModel]


@pytest.mark.parametrize("kind", KINDS)
def test_a_payload_becomes_what_is_annotated(kind: Any) -> None:
    value = decoder("mail", kind)(msgspec.Raw(b'{"to":"ann"}'))

    assert (value["to"] if kind is AsTypedDict else value.to) == "ann"
    assert isinstance(value, dict if kind is AsTypedDict else kind)


@pytest.mark.parametrize("kind", [*KINDS, dict[str, int], str])
@pytest.mark.parametrize("raw", [b'{"to":[1]}', b"[", b"\xff", b'{"a":' * 5000])
def test_a_payload_that_does_not_fit_is_bad_data_in_one_line(kind: Any, raw: bytes) -> None:
    with pytest.raises(BadData, match="the payload does not fit mail: ") as caught:
        decoder("mail", kind)(msgspec.Raw(raw))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_its_schema_is_published(kind: Any) -> None:
    assert b'"to"' in schema_of(kind)


@pytest.mark.parametrize("kind", [Any, object])
def test_where_nothing_is_said_the_schema_is_empty(kind: Any) -> None:
    assert json.loads(schema_of(kind)) == {}


def test_a_model_that_has_no_schema_is_no_error() -> None:
    class Odd(pydantic.BaseModel):
        model_config = {"arbitrary_types_allowed": True}
        loop: asyncio.AbstractEventLoop

    assert schema_of(Odd) == b"{}"


def _call(function: Any) -> Any:
    """What a function is given as payload 1 and context 2."""
    registry = Registry()
    registry.handler("x")(function)
    handler = registry.get("x")
    assert handler is not None
    given = [1] * handler.wants_payload + [2] * handler.wants_context
    return handler.call(*given)


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (lambda: (), ()),
        (lambda payload: (payload,), (1,)),
        (lambda ctx: (ctx,), (2,)),
        (lambda payload, ctx: (payload, ctx), (1, 2)),
        (lambda ctx, payload: (payload, ctx), (1, 2)),
        (lambda payload, *, ctx: (payload, ctx), (1, 2)),
        (lambda payload, other=5: (payload, other), (1, 5)),
        (lambda payload, **rest: (payload, rest), (1, {})),
        (lambda *rest: rest, (1,)),
    ],
)
def test_handlers_are_called_as_they_are_written(function: Any, given: Any) -> None:
    assert _call(function) == given


def test_a_handler_that_asks_for_more_is_refused_when_it_is_registered() -> None:
    with pytest.raises(Usage, match="asks for 'other'"):
        Registry().handler("x")(lambda payload, other, ctx: None)


def test_a_handler_that_yields_is_refused() -> None:
    async def stream(payload: Any) -> Any:
        yield payload

    with pytest.raises(Usage, match="yields"):
        Registry().handler("x")(stream)


def test_annotations_that_mean_nothing_are_refused() -> None:
    def handler(payload: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(BadConfig, match="cannot be resolved"):
        Registry().handler("x")(handler)


@pytest.mark.parametrize("options", [{"backoff": "often"}, {"type": "a type"}])
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(Usage):
        Registry().handler(**{"type": "x", **options})


def test_where_a_handler_runs() -> None:
    registry = Registry()

    @registry.handler("async")
    async def one(payload: Any) -> None: ...

    @registry.handler("thread")
    def two(payload: Any) -> None: ...

    @registry.handler("process", isolate=True)
    def three(payload: Any) -> None: ...

    assert {type: handler.runs for type, handler in registry.handlers.items()} == {
        "async": Runs.LOOP, "thread": Runs.THREAD, "process": Runs.PROCESS,
    }  # fmt: skip
    assert (len(registry), list(registry)) == (3, ["async", "process", "thread"])
    assert set(registry.schemas()) == set(registry)


# Where handlers come from


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes an importable module into the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    names = []

    def write(name: str, text: str) -> None:
        (tmp_path / f"{name}.py").write_text(text)
        names.append(name)

    yield write
    for name in names:
        sys.modules.pop(name, None)


def test_an_app_is_found_in_the_current_directory(module: Any) -> None:
    module(
        "shop_a",
        "from gopher_cli import Gopher\nclass Box: app = Gopher()\nBox.app.handler('sell')(lambda p: p)\n",
    )

    assert list(load_registry("shop_a:Box.app")) == ["sell"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("raise RuntimeError('a\\nb')", "RuntimeError: a"),
        ("import sys; sys.exit('no')", "SystemExit: no"),
        ("def f(:", "SyntaxError"),
        ("app = 5", "is a int, not a Gopher or a Registry"),
        ("", "AttributeError"),
    ],
)
def test_an_app_that_does_not_load_is_told_in_one_line(module: Any, text: str, said: str) -> None:
    module("shop_b", text)
    with pytest.raises(BadConfig, match="shop_b:app") as caught:
        load_registry("shop_b:app")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 78


HEAD = "from gopher_cli import Gopher\napp = Gopher()\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nimport nowhere\n", "shop_w.py:2: ModuleNotFoundError: No module named 'nowhere'"),
        ("x = 1\ndef f(:\n", "shop_w.py:2: SyntaxError: invalid syntax"),
        ("import json\n\njson.loads('{')\n", "shop_w.py:3: JSONDecodeError"),
        ("import shop_inner\n", "shop_inner.py:3: ZeroDivisionError"),
        (f"{HEAD}@app.handler('bake', retry=3)\ndef bake(p): ...\n",
         "shop_w.py:3: the handler of 'bake': the option retry is not known; did you mean retries?"),
        (f"{HEAD}@app.handler('bake', retries=-1)\ndef bake(p): ...\n",
         "shop_w.py:3: the handler of 'bake': retries is from 0 to 1000, not -1"),
        (f"{HEAD}@app.handler('bake', timeout='5s')\ndef bake(p): ...\n",
         "shop_w.py:3: the handler of 'bake': a timeout is a number of seconds"),
    ],
)  # fmt: skip
def test_an_app_that_does_not_load_is_told_with_its_file_and_line(module: Any, text: str, said: str) -> None:
    module("shop_inner", "\n\n1 / 0\n")
    module("shop_w", text)

    with pytest.raises(BadConfig) as caught:
        load_registry("shop_w:app")

    assert f"shop_w:app does not load: {said}" in str(caught.value)


def test_an_app_that_is_not_there_names_no_line_of_others() -> None:
    with pytest.raises(BadConfig, match=r"^nowhere:app does not load: ModuleNotFoundError: No module"):
        load_registry("nowhere:app")


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("cat | wc -l", "|"), ("cat|wc", "|"), ("cat && true", "&&"), ("cat || true", "||"),
        ("cat; true", ";"), ("cat > out", ">"), ("cat >>out", ">>"),
        ("cat 2>&1", "2>&1"), ("cat < in", "<"), ("cat &", "&"),
        ("cat $HOME/x", "$HOME"), ("cat ${X}", "${"), ("cat $(date)", "$("), ("cat `date`", "`"),
        ("~/bin/x", "~"), ("cat ~/x", "~"), ("X=1 cat", "X="),
    ],
)  # fmt: skip
def test_what_only_a_shell_understands_is_refused_at_the_start(command: str, part: str) -> None:
    with pytest.raises(BadConfig) as caught:
        load_registry("", [("x", command)])

    assert f"{part!r} is for a shell" in str(caught.value)
    assert f"x=sh -c '{command}'" in caught.value.hint


@pytest.mark.parametrize(
    "command",
    [
        "sh -c 'cat | wc -l'",
        'cat "a|b"',
        "cat http://h/?a=1&b=2",
        "cat a\\|b",
        "cat 'it'\\''s | x'",
        "cat a~b 5=6",
    ],
)
def test_what_is_quoted_or_a_part_of_a_word_is_handed_on(command: str) -> None:
    assert load_registry("", [("x", command)]).get("x")


@pytest.mark.parametrize("path", ["shop:", ":app", "a..b:app", "shop/jobs"])
def test_an_app_is_module_and_object(path: str) -> None:
    with pytest.raises(Usage):
        load_registry(path)


class Point:
    name, value = "shop", "shop:app"

    def __init__(self, found: Any) -> None:
        self._found = found

    def load(self) -> Any:
        if isinstance(self._found, Exception):
            raise self._found
        return self._found


def test_packages_bring_handlers_and_win_over_the_built_in_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = Gopher()
    theirs.handler("sell")(lambda payload: "theirs")
    theirs.handler("email")(lambda payload: "theirs")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Point(theirs)])

    registry = load_registry()

    assert {"sell", "email", "cleanup"} <= set(registry)
    email = registry.get("email")
    assert email is not None and email.call({}) == "theirs"


def test_a_package_whose_handlers_do_not_load_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Point(ImportError("no x"))])
    with pytest.raises(
        BadConfig, match=r"handlers of shop \(shop:app\) do not load: \S+:[0-9]+: ImportError: no x"
    ):
        load_registry()


def test_a_program_is_type_and_command() -> None:
    assert parse_program("resize=./r.sh -x a=b") == ("resize", "./r.sh -x a=b")
    for text in ("resize", "resize=", "resize= ", "a b=x"):
        with pytest.raises(Usage):
            parse_program(text)


@pytest.mark.parametrize("command", ["/no/such", "'", "''", "/etc/passwd", "# nothing"])
def test_a_program_that_cannot_run_is_refused_before_anything_starts(command: str) -> None:
    with pytest.raises(BadConfig):
        load_registry("", [("x", command)])
