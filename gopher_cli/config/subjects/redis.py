"""Settings of Redis: where it is, who we are there, and where our things stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gopher_cli.config import kinds
from gopher_cli.config.setting import setting, stars
from gopher_cli.store.url import mask

_HOME = Path("~/.local/share/gopher")
_PREFIX = kinds.matching(
    r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", "a prefix: letters, digits and _ . -, at most 64"
)


# fmt: off
@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Redis:
    """Where Redis is, and what is kept beside it."""

    redis_url: str = setting(
        "", kinds.url, "REDIS_URL", "REDIS_ADDR", show=mask,
        about="where Redis is: redis:// rediss:// unix:// embedded://NAME or "
        "host:port; empty starts a server of its own",
    )
    redis_username: str = setting(
        "", kinds.plain, "REDIS_USERNAME",
        about="user of Redis, where the URL names none",
    )
    redis_password: str = setting(
        "", kinds.plain, "REDIS_PASSWORD", show=stars,
        about="password of Redis, where the URL has none; better in a file named by "
        "REDIS_PASSWORD_FILE",
    )
    redis_db: int = setting(
        0, kinds.whole(0, 99999), "REDIS_DB",
        about="number of the database, where the URL names none",
    )
    redis_timeout: float = setting(
        5.0, kinds.duration(0.001), "REDIS_TIMEOUT",
        about="duration; how long to wait for an answer before Redis counts as away",
    )
    namespace: str = setting(
        "gopher", _PREFIX,
        about="prefix of every key, so that several installations share one Redis",
    )
    home: Path = setting(  # noqa: RUF009
        _HOME, kinds.path,
        about="directory; data of the embedded server and the outbox ($XDG_DATA_HOME/gopher where "
        "that is set)",
    )
    accept_eviction: str = setting(
        "no", kinds.yes_or_no(), "ACCEPT_EVICTION",
        about="yes or no; use a Redis that may throw jobs away when its memory is full",
    )
# fmt: on
