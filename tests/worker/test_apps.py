"""Which handlers a worker has: those of its apps and programs, and the built-in ones where asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gopher_cli.builtin import registry as builtin
from gopher_cli.handlers import Runs
from gopher_cli.load_handlers import load_registry
from gopher_cli.model.errors import BadConfig, Usage
from worker.processes import Worker

Write = Callable[[str, str], None]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes an importable module into the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    names = []

    def write(name: str, text: str) -> None:
        (tmp_path / f"{name}.py").write_text("from gopher_cli import Gopher\n" + text)
        names.append(name)

    yield write
    for name in names:
        sys.modules.pop(name, None)


def app(*types: str, name: str = "app") -> str:
    """A module's text: a Gopher, and a handler for each type, two lines each."""
    handlers = "".join(f"@{name}.handler({type!r})\ndef _(payload): return {type!r}\n" for type in types)
    return f"{name} = Gopher()\n{handlers}"


def a_package(monkeypatch: pytest.MonkeyPatch, *values: str) -> None:
    from importlib.metadata import EntryPoint

    points = [EntryPoint(value.partition(":")[0], value, "gopher.handlers") for value in values]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)


def test_a_worker_without_an_app_has_what_is_installed(
    module: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    module("p_a", app("sell"))
    a_package(monkeypatch, "p_a:app")

    assert set(load_registry()) == {*builtin, "sell"}


@pytest.mark.parametrize("builtins", ["", "math", " email , math ", "all"])
def test_an_app_brings_no_handler_that_nobody_has_asked_for(
    module: Write, monkeypatch: pytest.MonkeyPatch, builtins: str
) -> None:
    module("p_b", app("unasked"))
    module("a_b", app("sell"))
    a_package(monkeypatch, "p_b:app")
    more = {*builtin} if builtins == "all" else {part.strip() for part in builtins.split(",") if part}

    assert set(load_registry("a_b:app", (), builtins)) == {"sell", *more}
    assert set(load_registry("", [("pack", "true")], builtins)) == {"pack", *more}


def test_built_in_handlers_can_be_chosen_without_an_app() -> None:
    assert list(load_registry(builtin="math,email")) == ["email", "math"]


def test_an_app_stands_for_a_built_in_handler_only_where_that_is_not_named(module: Write) -> None:
    module("a_c", app("email"))

    email = load_registry("a_c:app", (), "all").get("email")
    assert email is not None and email.call({}) == "email"
    with pytest.raises(BadConfig, match=r"'email' has two handlers: .*mail\.py:\d+ and a_c\.py:3"):
        load_registry("a_c:app", (), "email")


def test_a_built_in_handler_that_is_not_there_is_named() -> None:
    with pytest.raises(Usage, match="no built-in handler 'emial'") as caught:
        load_registry(builtin="emial")
    assert "email" in caught.value.hint


def test_apps_add_up(module: Write) -> None:
    module("a_d", app("sell"))
    module("b_d", app("buy") + "from a_d import app as again\n")

    assert list(load_registry("a_d:app,b_d:app")) == ["buy", "sell"]
    # One app under two names, or given twice, is one.
    assert list(load_registry("a_d:app, a_d:app,b_d:again,a_d")) == ["sell"]


BOTH = [
    ("a_e:app,b_e:app", (), r"'mail' has two handlers: a_e\.py:3 and b_e\.py:5"),
    ("c_e:app", (), r"'mail' has two handlers: c_e\.py:3 and c_e\.py:5"),
    ("c_e", (), r"'mail' has two handlers: c_e\.py:3 and c_e\.py:5"),
    ("a_e:app", [("mail", "true")], r"'mail' has two handlers: a_e\.py:3 and --exec mail=true"),
    ("", [("mail", "true"), ("mail", "false")], r"--exec mail=true and --exec mail=false"),
]


@pytest.mark.parametrize(("path", "programs", "said"), BOTH)
def test_a_type_with_two_handlers_is_refused_with_both_places(
    module: Write, path: str, programs: Any, said: str
) -> None:
    module("a_e", app("mail"))
    module("b_e", app("buy", "mail"))
    module("c_e", app("mail", "mail"))

    with pytest.raises(BadConfig, match=said) as caught:
        load_registry(path, programs)
    assert caught.value.exit_code == 78


def test_two_packages_may_not_have_one_type_either(module: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    module("p_f", app("sell"))
    module("q_f", app("sell"))
    a_package(monkeypatch, "p_f:app", "q_f:app")

    with pytest.raises(BadConfig, match=r"two handlers: p_f\.py:3 and q_f\.py:3"):
        load_registry()


def test_of_a_module_alone_its_one_gopher_is_meant(module: Write) -> None:
    module("a_g", app("sell", name="shop") + "import sys, json\nagain = shop\nclass Kind: registry = 5\n")

    assert list(load_registry("a_g")) == ["sell"]


def test_of_several_in_a_module_the_names_are_told(module: Write) -> None:
    module("a_h", app("sell") + app("admin", name="back"))

    with pytest.raises(BadConfig, match="a_h has several: app, back") as caught:
        load_registry("a_h")
    assert caught.value.hint == "name those you mean: --app a_h:app --app a_h:back"
    assert list(load_registry("a_h:app,a_h:back")) == ["admin", "sell"]


def test_a_module_without_a_gopher_is_told(module: Write) -> None:
    module("a_i", "")
    with pytest.raises(BadConfig, match="there is no Gopher in a_i"):
        load_registry("a_i")


def test_a_worker_adds_up_its_apps(
    module: Write, worker: Callable[..., Worker], tmp_path: Path, environ: dict[str, str]
) -> None:
    module("a_j", app("sell"))
    module("b_j", app("buy"))
    path = {"PYTHONPATH": f"{tmp_path}:{environ['PYTHONPATH']}"}

    one = worker("--app", "a_j:app", "--app", "b_j", "--builtin", "math", env=path)
    assert "types=3" in "".join(one.said)
    two = worker("--app", "a_j", "--exec", "sell=true", env=path, wait=False)
    assert two.ended() == 78
    two.heard("two handlers: ")
    two.heard("a_j.py:3 and --exec sell=true")


def test_a_program_knows_its_place() -> None:
    handler = load_registry("", [("pack", "true 1")]).get("pack")

    assert handler is not None and handler.runs is Runs.PROGRAM
    assert handler.place == "--exec pack=true 1"
    with pytest.raises(AssertionError):
        handler.call()
