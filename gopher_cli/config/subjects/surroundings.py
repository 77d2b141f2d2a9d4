"""Settings of the surroundings: production or not, the log, the profile."""

from __future__ import annotations

from dataclasses import dataclass

from gopher_cli.config import kinds
from gopher_cli.config.setting import setting

_WORD = kinds.matching(r"[A-Za-z0-9_.-]{1,40}", "a word such as development or production")
_LEVEL = kinds.choice(
    debug="debug", trace="debug", info="info", warning="warning", warn="warning", error="error",
    critical="error", fatal="error",
)  # fmt: skip
_FORMAT = kinds.choice(console="console", text="console", json="json")


# fmt: off
@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Surroundings:
    """Production or not, the log, the profile."""

    app_env: str = setting(
        "development", _WORD,
        "APP_ENV",
        about="development or production; production warns where no Redis is configured",
    )
    log_level: str = setting(
        "info", _LEVEL, "LOG_LEVEL",
        about="debug, info, warning or error",
    )
    log_format: str = setting(
        "console", _FORMAT, "LOG_FORMAT",
        about="console for people, json for machines",
    )
    profile: str = setting(
        "", kinds.named("profile"),
        about="table [profiles.NAME] of gopher.toml that counts",
    )
# fmt: on
