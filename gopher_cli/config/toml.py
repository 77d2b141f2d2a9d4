"""``gopher.toml`` and the file of the user: layers of raw text, each with its profile above it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gopher_cli.config.given import Given, Layer, Name
from gopher_cli.config.setting_files import expanded, read_settings
from gopher_cli.model.errors import BadConfig


def toml_layers(
    names: Sequence[Name], config: str, environ: Mapping[str, str], cwd: Path | None, profile: str
) -> Iterator[Layer]:
    """For each file its profile, then its top-level keys; a profile must exist in one of them."""
    tables = [(label, _table(path, label)) for label, path in _files(config, environ, cwd)]
    profile = profile or next((str(t["profile"]) for _, t in tables if t.get("profile")), "")
    profiles = {name for _, table in tables for name in _profiles(table)}
    if profile and profile not in profiles:
        known = ", ".join(sorted(profiles)) or "none"
        raise BadConfig(f"there is no profile {profile!r}", f"known profiles: {known}")
    for label, table in tables:
        mine = _profiles(table).get(profile, {})
        top = {key: value for key, value in table.items() if key != "profiles"}
        yield _layer(names, mine, f"{label} [{profile}]")
        yield _layer(names, top, label)


def _files(config: str, environ: Mapping[str, str], cwd: Path | None) -> list[tuple[str, Path]]:
    files = []
    if config:
        path = expanded(config, "GOPHER_CONFIG")
        if not path.is_file():
            raise BadConfig(f"the configuration file {config} does not exist", "check GOPHER_CONFIG")
        files.append((path.name, path))
    elif cwd:
        files.append(("gopher.toml", cwd / "gopher.toml"))
    home = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME", "/")) / ".config")
    user = Path(home) / "gopher" / "config.toml"
    return [*files, (str(user), user)]


def _table(path: Path, label: str) -> dict[str, Any]:
    text = read_settings(path, label)
    if not text:
        return {}
    import tomllib  # late: few runs have a file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{label} is not valid TOML: {error}", "see https://toml.io") from None


def _profiles(table: Mapping[str, Any]) -> Mapping[str, Any]:
    profiles = table.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(p, dict) for p in profiles.values()):
        raise BadConfig("profiles must be tables", "write [profiles.prod] above the lines of it")
    return profiles


def _layer(names: Sequence[Name], table: Mapping[str, Any], label: str) -> Layer:
    known = {name.field: name for name in names}
    layer = {}
    for key, value in _leaves(table, known):
        if key not in known:
            from difflib import get_close_matches  # late: only errors need it

            close = get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]}?" if close else "see: gopher config show"
            raise BadConfig(f"{label} has an unknown setting {key!r}", hint)
        called = f"{key} in {label}"
        if raw := raw_text(value, known[key].join, called):
            layer[key] = Given(called, raw, label)
    return layer


def _leaves(
    table: Mapping[str, Any], known: Mapping[str, Name], above: str = ""
) -> Iterator[tuple[str, Any]]:
    """``[worker] concurrency = 8`` is ``worker_concurrency``, and so is ``worker-concurrency``."""
    for key, value in table.items():
        name = above + key.replace("-", "_").lower()
        if isinstance(value, dict) and name not in known:
            yield from _leaves(value, known, f"{name}_")
        else:
            yield name, value


def raw_text(value: object, join: str, called: str) -> str:
    """A value as the text that its kind reads: the parts of a list with ``join`` between them.

    Raises BadConfig for a list where one value is wanted, and for a part that would be read as several.
    """
    match value:
        case bool():
            return str(value).lower()
        case dict() if join == "\n":
            return join.join(_program(type, command, called) for type, command in value.items())
        case list() | tuple() if join:
            return join.join(_part(item, join, called) for item in value)
        case dict() | list() | tuple():
            kind = "table" if isinstance(value, dict) else "list"
            takes = "a list" if join else "one value"
            raise BadConfig(f"{called} takes {takes}, not a {kind}", "see: gopher config show")
        case _:
            return str(value).strip()


def _part(item: object, join: str, called: str) -> str:
    if isinstance(item, (dict, list, bool)):
        raise BadConfig(f"{called} is a list of texts, and not of {item!r}")
    text = str(item).strip()
    if not text or join in text:
        raise BadConfig(f"{called} has the entry {text!r}, which is not one value", "give each its own entry")
    return text


def _program(type: str, command: object, called: str) -> str:
    """``type=command``; a list of words is quoted as a shell would need it."""
    if isinstance(command, list) and all(isinstance(word, (str, int)) for word in command):
        import shlex  # late: few runs have one

        command = shlex.join(map(str, command))
    if not isinstance(command, str) or not command.strip() or "\n" in command or "=" in type:
        raise BadConfig(
            f"{type} of {called} is not a command on one line: a text, or a list of words",
            'for example: resize = "./resize.sh --big", or resize = ["./resize.sh", "--big"]',
        )
    return f"{type}={command.strip()}"
