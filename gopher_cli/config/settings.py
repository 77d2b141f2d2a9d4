"""The settings of this process: values, and where each of them came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from gopher_cli.config.setting_list import names, raw, read, rows, shown
from gopher_cli.config.sources import gather
from gopher_cli.config.subjects import Subjects
from gopher_cli.model.errors import BadConfig
from gopher_cli.model.text.duration import format_duration
from gopher_cli.store.url import Address, parse_url


class Described(NamedTuple):
    """One line of `gopher config show`: secrets are masked."""

    name: str
    value: str
    about: str
    origin: str


@dataclass(frozen=True, kw_only=True)
class Settings(Subjects):
    """A dataclass: loading pydantic would add as much again to the start of `gopher submit`. A program that
    lives with pydantic-settings takes the same settings from settings_model.py.
    """

    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if str(self.home).startswith("~"):
            object.__setattr__(self, "home", _default_home(os.environ, needed=not self.redis_url))
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
        if "home" not in values:
            values["home"] = _default_home(environ, needed=not values.get("redis_url"))
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
        return {f"GOPHER_{name.upper()}": raw(getattr(self, name)) for name in given}

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


def _default_home(environ: Mapping[str, str], *, needed: bool) -> Path:
    """Where it is not needed, a user without a home has one that nobody can make."""
    data = environ.get("XDG_DATA_HOME", "")
    if data.startswith("/"):
        return Path(data) / "gopher"
    try:
        user = Path(environ["HOME"]) if environ.get("HOME", "").startswith("/") else Path.home()
    except RuntimeError:
        if not needed:
            return Path(os.devnull) / "gopher"
        raise BadConfig("this user has no home directory", "set GOPHER_HOME") from None
    return user / ".local" / "share" / "gopher"


def _here() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:  # somebody has removed the directory that we stand in
        return None
