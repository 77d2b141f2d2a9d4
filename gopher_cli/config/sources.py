"""Where settings come from: flags, the environment, ``.env`` and TOML files, as layers of raw text.

A layer maps the name of a field to what was given for it. The first layer that has a field wins.
An empty text counts as not given, as in a compose file that passes every variable on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gopher_cli.model.errors import BadConfig

_LINE = r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*"  # compiled late: few have a .env
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\", "\\$": "$"}


class Name(NamedTuple):
    """How one field is called: by its flag, and by its variables, the first of which wins."""

    field: str
    flag: str
    variables: tuple[str, ...]
    secret: bool = False


class Given(NamedTuple):
    """A raw value, what the user calls the setting, and where it was found."""

    called: str
    raw: str
    origin: str


Layer = Mapping[str, Given]


def gather(
    names: Sequence[Name], environ: Mapping[str, str], cwd: Path | None, flags: Mapping[str, object]
) -> list[Layer]:
    """All layers, the strongest first. Raises BadConfig when a file cannot be read."""
    file = cwd / ".env" if cwd else None
    dotenv = _dotenv(_text(file, ".env")) if file else {}
    meta = {**dotenv, **{k: v for k, v in environ.items() if v}}
    profile = str(flags.get("profile") or meta.get("GOPHER_PROFILE", ""))
    config = str(flags.get("config") or meta.get("GOPHER_CONFIG", ""))
    return [
        _from_flags(names, flags),
        dict(_from_variables(names, environ, "env")),
        dict(_from_variables(names, dotenv, ".env")),
        *_from_toml(names, _toml_files(config, meta, cwd), profile),
    ]


def _from_flags(names: Sequence[Name], flags: Mapping[str, object]) -> Layer:
    known = {name.field: name for name in names}
    unknown = flags.keys() - known.keys() - {"config"}
    if unknown:
        raise TypeError(f"no such setting: {', '.join(sorted(unknown))}")
    found = {field: _flat(value) for field, value in flags.items() if field in known}
    return {
        field: Given(known[field].flag, raw, "flag")
        for field, raw in found.items()
        if raw is not None and raw != ""
    }


def _from_variables(
    names: Sequence[Name], variables: Mapping[str, str], origin: str
) -> Iterator[tuple[str, Given]]:
    for name in names:
        for variable in name.variables:
            if raw := variables.get(variable, "").strip():
                yield name.field, Given(variable, raw, f"{origin} {variable}")
                break
            if name.secret and (file := variables.get(f"{variable}_FILE")):
                called = f"{variable}_FILE"
                raw = _text(Path(file), called, must_exist=True).strip()
                yield name.field, Given(called, raw, f"{origin} {called}")
                break


def _dotenv(text: str) -> dict[str, str]:
    """``KEY=value`` lines; quotes, ``export`` and comments as a shell reads them, no expansion."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        # Other tools read this file too: what is no assignment is none of our business.
        if not line.lstrip().startswith("#") and (match := re.fullmatch(_LINE, line)):
            found[match[1]] = _unquoted(match[2], f".env line {number}")
    return found


def _unquoted(text: str, where: str) -> str:
    if text[:1] not in ("'", '"'):
        return re.sub(r"(^|\s+)#.*", "", text)
    quote = text[0]
    body = r"(?:[^\"\\]|\\.)*" if quote == '"' else "[^']*"
    match = re.fullmatch(rf"{quote}({body}){quote}\s*(#.*)?", text)
    if not match:
        raise BadConfig(f"{where} has no closing {quote}", "a value stands on one line")
    if quote == "'":
        return match[1]
    return re.sub(r"\\.", lambda m: _ESCAPES.get(m[0], m[0]), match[1])


def _toml_files(config: str, environ: Mapping[str, str], cwd: Path | None) -> list[tuple[str, Path]]:
    files = []
    if config:
        path = Path(config).expanduser()
        if not path.is_file():
            raise BadConfig(f"the configuration file {config} does not exist", "check GOPHER_CONFIG")
        files.append((path.name, path))
    elif cwd:
        files.append(("gopher.toml", cwd / "gopher.toml"))
    home = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME", "/")) / ".config")
    user = Path(home) / "gopher" / "config.toml"
    return [*files, (str(user), user)]


def _from_toml(names: Sequence[Name], files: list[tuple[str, Path]], profile: str) -> Iterator[Layer]:
    """For each file its profile, then its top-level keys; a profile must exist in one of them."""
    tables = [(label, _toml(_text(path, label), label)) for label, path in files]
    profile = profile or next((str(t["profile"]) for _, t in tables if t.get("profile")), "")
    profiles = {name for _, table in tables for name in _profiles(table)}
    if profile and profile not in profiles:
        known = ", ".join(sorted(profiles)) or "none"
        raise BadConfig(f"there is no profile {profile!r}", f"known profiles: {known}")
    for label, table in tables:
        mine = _profiles(table).get(profile, {})
        top = {key: value for key, value in table.items() if key != "profiles"}
        yield _from_table(names, mine, f"{label} [{profile}]")
        yield _from_table(names, top, label)


def _profiles(table: Mapping[str, Any]) -> Mapping[str, Any]:
    profiles = table.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(p, dict) for p in profiles.values()):
        raise BadConfig("profiles must be tables", "write [profiles.prod] above the lines of it")
    return profiles


def _from_table(names: Sequence[Name], table: Mapping[str, Any], label: str) -> Layer:
    known = {name.field for name in names}
    found = {}
    for key, value in _leaves(table, known):
        if key not in known:
            from difflib import get_close_matches  # late: only errors need it

            close = get_close_matches(key, known, n=1)
            said = f"did you mean {close[0]}?" if close else "see: gopher config show"
            raise BadConfig(f"{label} has an unknown setting {key!r}", said)
        raw = _flat(value)
        if raw:
            found[key] = Given(f"{key} in {label}", raw, label)
    return found


def _leaves(table: Mapping[str, Any], known: set[str], above: str = "") -> Iterator[tuple[str, Any]]:
    """``[worker] concurrency = 8`` is ``worker_concurrency``, and so is ``worker-concurrency``."""
    for key, value in table.items():
        name = above + key.replace("-", "_").lower()
        if isinstance(value, dict) and name not in known:
            yield from _leaves(value, known, f"{name}_")
        else:
            yield name, value


def _flat(value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case dict():
            return "\n".join(f"{key}={item}" for key, item in value.items())
        case list() | tuple():
            return ",".join(map(str, value))
        case _:
            return str(value).strip()


def _toml(text: str, label: str) -> dict[str, Any]:
    if not text:
        return {}
    import tomllib  # late: few runs have a file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{label} is no TOML: {error}", "see https://toml.io") from None


def _text(path: Path, called: str, *, must_exist: bool = False) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        if must_exist:
            raise BadConfig(f"{called} names {path}, which does not exist") from None
        return ""
    except IsADirectoryError:
        return ""  # a virtual environment may be called .env
    except UnicodeDecodeError:
        raise BadConfig(f"{called}: {path} is no UTF-8 text") from None
    except OSError as error:
        raise BadConfig(f"{called}: {path} cannot be read: {error.strerror}") from None
