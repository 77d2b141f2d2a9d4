"""What must not stand in the code at all, and what a job cannot make of its words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from each import each

import gopher_cli
from gopher_cli.gopher import Gopher
from gopher_cli.load_handlers import load_registry
from safety.conftest import APP

pytestmark = pytest.mark.anyio
ROOT = Path(gopher_cli.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

MODULES = {
    "pickle",
    "_pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "jsonpickle",
    "yaml",
    "imp",
}
CALLS = {"eval", "exec", "compile", "__import__"}
SHELLS = {"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell", "subprocess_shell"}


def offences(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                yield from (a.name for a in names if a.name.partition(".")[0] in MODULES)
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in MODULES:
                yield module
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                yield name
            case ast.Call(func=ast.Attribute(attr=name)) if name in SHELLS:
                yield name
            case ast.keyword(arg="shell", value=value) if not _is(value, False):
                yield "shell"


def _is(node: ast.expr, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


@each(FILES, lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_runs_words_of_others_is_in_the_code(path: Path) -> None:
    assert list(offences(path.read_text())) == []


@pytest.mark.parametrize(
    "text",
    ["import pickle", "from marshal import loads", "import yaml", "eval(x)", "exec('x')", "os.system('x')",
     "subprocess.run(x, shell=True)", "subprocess.Popen(x, shell=y)", "__import__(x)"],
)  # fmt: skip
def test_what_looks_for_that_finds_it(text: str) -> None:
    assert list(offences(text))


# Modules are imported by names of our own, of --app, or of entry points: never by one that a job says.
IMPORTERS = {"__init__.py", "load_handlers.py", "cli/shell/entries.py"}


def test_names_become_modules_in_few_places() -> None:
    found = {
        str(path.relative_to(ROOT)) for path in FILES if "import_module(" in path.read_text()
    }  # fmt: skip

    assert found <= IMPORTERS


@pytest.mark.parametrize(
    "type", ["os.system", "builtins.eval", "gopher_cli.load_handlers.load_registry", "safety.apps.echo"]
)
async def test_a_type_is_a_word_in_the_registry_and_no_name_to_import(
    gopher: Gopher, isolated: object, burst: object, type: str
) -> None:
    registry = load_registry(APP)

    assert registry.get(type) is None
    id = await gopher.submit(type, "touch /tmp/owned")
    await burst(registry)  # type: ignore[operator]
    detail = await gopher.inspect("default", id)
    assert (detail.state, detail.attempts, detail.result) == ("enqueued", 0, None)
