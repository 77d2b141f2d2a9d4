"""Imports point down only and in no circle, Redis is one room, the environment is read at the doors."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from each import each

import gopher_cli

ROOT = Path(gopher_cli.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# Of our own: what each part may import beside itself. From the ground to the doors.
BELOW = {
    "version": set(),
    "model": set(),
    "actor": set(),
    "process_setup": set(),
    "log_stream": {"model"},
    "store": {"model", "version"},
    "failpoints": set(),
    "verbs": {"model", "store", "failpoints", "actor"},
    "declared_schedules": {"model"},
    "handlers": {"model", "declared_schedules"},
    "builtin": {"model", "handlers", "context", "config"},
    "load_handlers": {"model", "declared_schedules", "handlers", "builtin"},
    "config": {"model", "store"},
    "embedded": {"model", "store", "config"},
    "connect": {"model", "store", "config", "embedded"},
    "gopher": {"model", "store", "verbs", "handlers", "connect"},
    "context": {"model", "gopher", "config"},
    "producer": {"model", "store", "verbs", "connect"},
    "build": {"model", "store", "gopher", "config", "connect", "embedded"},
    "worker": {
        "failpoints",
        "process_setup",
        "log_stream",
        "model",
        "store",
        "verbs",
        "gopher",
        "handlers",
        "context",
        "config",
        "load_handlers",
        "connect",
        "build",
        "version",
    },
    "web": {
        "model",
        "store",
        "verbs",
        "gopher",
        "config",
        "build",
        "actor",
        "process_setup",
        "log_stream",
        "version",
    },
    "remote": {"model", "verbs", "store", "version"},
    "demo": {"model", "verbs", "gopher", "context", "config", "embedded", "build", "cli", "worker"},
}

# And inside of config, where all that is known of a setting is made from one place.
BELOW_IN_CONFIG = {
    "kinds": set(),
    "setting": {"kinds"},
    "subjects": {"kinds", "setting"},
    "given": set(),
    "setting_files": set(),
    "dotenv": set(),
    "toml": {"setting_files", "given"},
    "sources": {"dotenv", "setting_files", "given", "toml"},
    "setting_list": {"given", "subjects"},
    "settings": {"setting_list", "sources", "subjects"},
    "example": {"setting_list"},
    "settings_model": {"setting_list", "settings", "subjects"},
    "__init__": {"settings"},
}

# Nothing of the world: the ground is the standard library and msgspec; cron expressions are read by croniter.
BARE = {"model": {"msgspec", "croniter"}, "store": {"msgspec", "redis", "hiredis"}}

# Everything else gets Settings, or an environment, as a value.
READ_THE_ENVIRONMENT = {
    "cli",
    "demo",
    "worker",
    "config",
    "connect",
    "embedded",
    "failpoints",
}


def part(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All that a file says; the first is its module. Most laws look at it."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.fixture(scope="module", autouse=True)
def _forget() -> Iterator[None]:
    yield
    nodes.cache_clear()


@cache
def imports(path: Path) -> list[tuple[str, str]]:
    return list(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, str]]:
    """(distribution or part of ours, whole name) of every import in a file, late ones too."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = node.module == "gopher_cli"
            names = [f"gopher_cli.{a.name}" for a in node.names] if whole else [node.module]
        else:
            continue
        for name in names:
            head, _, rest = name.partition(".")
            yield ("." + rest.partition(".")[0] if head == "gopher_cli" and rest else head), name


each_file = each(FILES, lambda path: str(path.relative_to(ROOT)))


@each_file
def test_imports_point_down_only(path):
    here = part(path)
    if here not in BELOW:
        assert here in ("__init__", "__main__", "cli"), f"{here} has no floor yet: say which"
        return
    ours = {head[1:] for head, _ in imports(path) if head.startswith(".")}

    assert ours - {here} - BELOW[here] == set()


def test_no_file_imports_in_a_circle():
    """Imports for types alone and late ones count: whoever needs both files to understand one reads both."""
    sources = {module(path): path.read_text(encoding="utf-8") for path in FILES}

    assert circle_in(sources) == []


@pytest.mark.parametrize("back", ["from p import a", "from p.a import x", "import p.a"])
@pytest.mark.parametrize("where", ["{}", "if TYPE_CHECKING:\n    {}", "def f():\n    {}"])
def test_a_circle_is_seen_wherever_an_import_stands(where: str, back: str):
    sources = {"p": "", "p.a": "from p.b import y", "p.b": where.format(back), "p.c": "from p import a, b"}

    assert set(circle_in(sources)) == {"p.a", "p.b"}


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


def circle_in(sources: Mapping[str, str]) -> list[str]:
    """The modules of one circle of imports, if there is any; ``sources`` are texts by module."""
    try:
        TopologicalSorter({name: known(text, sources) for name, text in sources.items()}).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def known(text: str, modules: Iterable[str]) -> set[str]:
    """Of these modules, those that a text imports, or imports something from."""
    names = set[str]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, "imports name the whole way"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in modules else node.module for name in inner}
    return names.intersection(modules)


@each(sorted(ROOT.glob("config/**/*.py")), lambda path: str(path.relative_to(ROOT)))
def test_inside_of_config_too(path):
    here = path.relative_to(ROOT / "config").with_suffix("").parts[0]
    names = [name.split(".") for head, name in imports(path) if head == ".config"]
    asked = [n.names for n in nodes(path)
             if isinstance(n, ast.ImportFrom) and n.module == "gopher_cli.config"]  # fmt: skip
    inside = {name[2] for name in names if len(name) > 2} | {a.name for some in asked for a in some}

    assert inside - {here} - BELOW_IN_CONFIG[here] == set()


@each_file
def test_the_ground_stands_by_itself(path):
    import sys

    others = {h for h, _ in imports(path) if not h.startswith(".")} - {"gopher_cli"}
    foreign = others - set(sys.stdlib_module_names)

    assert part(path) not in BARE or foreign <= BARE[part(path)]


@each_file
def test_redis_is_one_room(path):
    if "redis" in {head for head, _ in imports(path)}:
        assert part(path) == "store"


@each_file
def test_doors_ask_redis_through_verbs(path):
    """What one of them reads or does stands behind the others, too."""
    asked = {ast.unparse(n.func) for n in nodes(path) if isinstance(n, ast.Call)}
    past = {name for name in asked if name.endswith((".store.ask", ".store.run", ".store.run_many"))}

    assert not past or part(path) in ("store", "verbs", "producer")


@each_file
def test_the_environment_is_read_at_the_doors(path):
    names = {n.attr for n in nodes(path) if isinstance(n, ast.Attribute)}

    assert not names & {"environ", "getenv"} or part(path) in READ_THE_ENVIRONMENT


@each_file
def test_a_module_begins_with_what_the_reader_finds_in_it(path):
    text = path.read_text()
    said = ast.get_docstring(nodes(path)[0])

    assert said or not text
    assert "from __future__ import annotations" in text or not imports(path)


@each_file
def test_a_file_and_its_functions_can_be_read_at_a_sitting(path):
    functions = [n for n in nodes(path) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]

    assert len(path.read_text().splitlines()) <= 300
    for one in functions:
        assert one.end_lineno - one.lineno < 50, f"{one.name} is too long"


@each_file
def test_whoever_reads_or_writes_text_names_its_encoding(path):
    """Else it is that of the locale, in which one of our own files may not be readable."""
    nameless = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for node in nodes(path)
        if isinstance(node, ast.Call) and deals_in_text(node) and not named(node, "encoding")
    ]
    assert not nameless


def named(call: ast.Call, *names: str) -> bool:
    return any(keyword.arg in names for keyword in call.keywords)


def deals_in_text(call: ast.Call) -> bool:
    """By what can be seen: a mode without a b, or what only text has."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    asked = {keyword.arg: getattr(keyword.value, "value", None) for keyword in call.keywords}
    if True in (asked.get("text"), asked.get("universal_newlines")):
        return True
    if name in ("read_text", "write_text"):
        return ast.unparse(function) != "formatter.write_text"  # click's
    if name not in ("open", "fdopen", "makefile"):
        return False
    said = [getattr(each, "value", None) for each in call.args]
    modes = [text for text in said if isinstance(text, str) and text and set(text) <= set("rwaxbt+")]
    return "b" not in modes[-1] if modes else isinstance(function, ast.Name) or "newline" in asked
