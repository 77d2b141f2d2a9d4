"""Where settings come from: flags, the environment, ``.env`` and TOML files, as layers of raw text.

A layer maps the name of a field to what was given for it. The first layer that has a field wins.
An empty text counts as not given, as in a compose file that passes every variable on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gopher_cli.config.given import Given, Layer, Name
from gopher_cli.config.setting_files import read_secret, read_settings
from gopher_cli.config.toml import raw_text, toml_layers

# What Kubernetes sets for a Service `api` in each pod, and Docker for a link, is not a port of ours.
_OF_A_SERVICE = r"(tcp|udp|sctp)://\S+"


def gather(
    names: Sequence[Name], environ: Mapping[str, str], cwd: Path | None, flags: Mapping[str, object]
) -> list[Layer]:
    """All layers, the strongest first. Raises BadConfig when a file cannot be read."""
    dotenv = _dotenv(names, cwd) if cwd else {}
    meta = {**dotenv, **{k: v for k, v in environ.items() if v}}
    profile = str(flags.get("profile") or meta.get("GOPHER_PROFILE", ""))
    config = str(flags.get("config") or meta.get("GOPHER_CONFIG", ""))
    return [
        _from_flags(names, flags),
        dict(_from_variables(names, environ, "env")),
        dict(_from_variables(names, dotenv, ".env")),
        *toml_layers(names, config, meta, cwd, profile),
    ]


def _dotenv(names: Sequence[Name], cwd: Path) -> dict[str, str]:
    text = read_settings(cwd / ".env", ".env")
    if not text:
        return {}
    from gopher_cli.config.dotenv import parse_dotenv  # late: few runs have one

    variables = [variable for name in names for variable in name.variables]
    return parse_dotenv(text, {"GOPHER_CONFIG", *variables, *(f"{variable}_FILE" for variable in variables)})


def _from_flags(names: Sequence[Name], flags: Mapping[str, object]) -> Layer:
    known = {name.field: name for name in names}
    unknown = flags.keys() - known.keys() - {"config"}
    if unknown:
        raise TypeError(f"no such setting: {', '.join(sorted(unknown))}")
    given = {}
    for field, value in flags.items():
        if field in known and value is not None:
            flag = known[field].flag
            if raw := raw_text(value, known[field].join, flag):
                given[field] = Given(flag, raw, "flag")
    return given


def _from_variables(
    names: Sequence[Name], variables: Mapping[str, str], origin: str
) -> Iterator[tuple[str, Given]]:
    for name in names:
        for variable in name.variables:
            if raw := _value(variables, variable):
                yield name.field, Given(variable, raw, f"{origin} {variable}")
                break
            called = f"{variable}_FILE"
            if name.secret and (file := variables.get(called)):
                yield name.field, Given(called, read_secret(file, called), f"{origin} {called}")
                break


def _value(variables: Mapping[str, str], name: str) -> str:
    text = variables.get(name, "").strip()
    return "" if name.endswith("_PORT") and re.fullmatch(_OF_A_SERVICE, text) else text
