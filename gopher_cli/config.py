"""Settings: flag over environment over ``.env`` over ``gopher.toml`` over default, resolved once.

A dataclass, because loading pydantic would add as much again to the start of `gopher submit`; a
program that lives with pydantic-settings takes the same settings from config_model.py.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from gopher_cli.config_access import Fields
from gopher_cli.config_sources import Given, Name, gather
from gopher_cli.model.duration import format_duration
from gopher_cli.model.errors import BadConfig, GopherError, Usage
from gopher_cli.store.url import Address, parse_url

_EXAMPLE_HEAD = """\
# Every setting of gopher with its default. Copy this file to .env and take away the # in front
# of what you change. gopher looks for a setting in this order: flag, environment, .env,
# gopher.toml (or $GOPHER_CONFIG), ~/.config/gopher/config.toml, default.
# Durations are written 500ms, 10s, 1m30s, 2h. An empty value counts as not set.
# A secret may stand in a file: REDIS_PASSWORD_FILE=/run/secrets/redis, and so for the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One line of `gopher config show`: secrets are masked."""

    name: str
    value: str
    about: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Fields):
    """The settings of this process: values, and where each of them came from."""

    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if str(self.home).startswith("~"):
            object.__setattr__(self, "home", _default_home(os.environ))
        object.__setattr__(self, "outbox", self.home / self.outbox)

    @classmethod
    def resolve(cls, environ: Mapping[str, str], *, cwd: Path | None = None, **flags: object) -> Settings:
        """Look everywhere, once. A flag that is None was not given; ``config`` names the TOML file.

        Raises Usage for the value of a flag, BadConfig for any other.
        """
        values: dict[str, Any] = {}
        origins: dict[str, str] = {}
        layers = gather(names(), environ, cwd or _here(), flags)
        for row in rows():
            given = next((layer[row.name] for layer in layers if row.name in layer), None)
            if given:
                values[row.name] = read(row, given)
                origins[row.name] = given.origin
        values.setdefault("home", _default_home(environ))
        settings = cls(**values, origins=origins)
        settings.check()
        return settings

    def check(self) -> None:
        """Raises BadConfig where two settings contradict each other."""
        self.address()
        if self.heartbeat * 2 > self.lease:
            beat, lease = format_duration(self.heartbeat), format_duration(self.lease)
            raise BadConfig(
                f"a heartbeat of {beat} is too slow for a lease of {lease}",
                "GOPHER_LEASE must be at least twice GOPHER_HEARTBEAT; three times is better",
            )

    @property
    def production(self) -> bool:
        return self.app_env.lower() in ("production", "prod")

    @property
    def accepts_eviction(self) -> bool:
        return self.accept_eviction == "yes"

    def address(self) -> Address | None:
        """Where Redis is; None when nobody said, which means the embedded server."""
        if not self.redis_url:
            return None
        address = parse_url(
            self.redis_url,
            username=self.redis_username,
            password=self.redis_password,
            db=self.redis_db,
        )
        return replace(address, db=0) if address.kind == "embedded" else address

    def masked_url(self) -> str:
        """The address as it may be printed."""
        return str(self.address() or "embedded://default")

    def to_environ(self) -> dict[str, str]:
        """What flags have set, as variables: so that our own processes resolve the same settings."""
        given = [name for name, origin in self.origins.items() if origin == "flag"]
        return {f"GOPHER_{name.upper()}": _raw(getattr(self, name)) for name in given}

    def describe(self) -> list[Described]:
        """Every setting, its value, its unit and reason, and where it was found."""
        return [
            Described(
                name=row.name,
                value=shown(row, getattr(self, row.name)),
                about=row.metadata["about"],
                origin=self.origins.get(row.name, "default"),
            )
            for row in rows()
        ]


Row = Field[Any]


def rows() -> tuple[Row, ...]:
    """One row a setting, in the order of the example file."""
    return fields(Fields)


@cache
def names() -> tuple[Name, ...]:
    return tuple(
        Name(
            field=row.name,
            flag=row.metadata["flag"] or "--" + row.name.replace("_", "-"),
            variables=(f"GOPHER_{row.name.upper()}", *row.metadata["variables"]),
            secret=row.metadata["show"] is not None,
        )
        for row in rows()
    )


def read(row: Row, given: Given) -> object:
    """The value of a raw text. Raises Usage (a flag) or BadConfig, naming what the user has set."""
    wrong = Usage if given.origin == "flag" else BadConfig
    try:
        return row.metadata["kind"](given.raw)
    except GopherError as error:
        raise wrong(f"{given.called}: {error}", error.hint) from None
    except ValueError as error:
        value = "" if row.metadata["show"] else f" {given.raw[:80]!r}"
        see = "" if given.origin == "flag" else "see: gopher config show"  # who typed it sees it
        raise wrong(f"{given.called} has a wrong value{value}: it takes {error}", see) from None


def shown(row: Row, value: object) -> str:
    """A value as text that reads back the same; a secret as stars."""
    if row.metadata["show"]:
        return str(row.metadata["show"](str(value)))
    if isinstance(value, float):
        return format_duration(value)
    if isinstance(value, tuple):
        return "; ".join("=".join(part) if isinstance(part, tuple) else str(part) for part in value)
    return str(value)


def _raw(value: object) -> str:
    """A value as text that its kind reads back."""
    if isinstance(value, tuple):
        programs = [part for part in value if isinstance(part, tuple)]
        return "\n".join("=".join(part) for part in programs) or ":".join(str(part) for part in value)
    return str(value)


def example_env() -> str:
    """The text of config.example.env: every setting, commented out, with its default."""
    lines = [_EXAMPLE_HEAD]
    for row, name in zip(rows(), names(), strict=True):
        known = [*name.variables[1:], name.variables[0]]
        also = f" (also {', '.join(known[1:])})" if known[1:] else ""
        lines += ["", f"# {row.metadata['about']}{also}", f"#{known[0]}={shown(row, row.default)}"]
    return "\n".join(lines) + "\n"


def _default_home(environ: Mapping[str, str]) -> Path:
    data = environ.get("XDG_DATA_HOME", "")
    if data.startswith("/"):
        return Path(data) / "gopher"
    try:
        user = Path(environ["HOME"]) if environ.get("HOME", "").startswith("/") else Path.home()
    except RuntimeError:
        raise BadConfig("this user has no home directory", "set GOPHER_HOME") from None
    return user / ".local" / "share" / "gopher"


def _here() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:  # somebody has removed the directory that we stand in
        return None
