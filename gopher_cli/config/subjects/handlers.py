"""Settings of the built-in handlers: mail, webhooks, and which files they may touch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gopher_cli.config import kinds
from gopher_cli.config.setting import setting
from gopher_cli.store.url import mask

_OUTBOX = Path("outbox")  # below home
_EMAIL = kinds.matching(r"[^\x00-\x1f\x7f]*[^\s@]+@[^\s@]+", "an e-mail address")


# fmt: off
@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Handlers:
    """Mail, webhooks, and which files may be touched."""

    smtp_url: str = setting(
        "", kinds.smtp, "SMTP_URL", show=mask,
        about="mail server, such as smtp://user:password@host:587; empty writes mails into the "
        "outbox",
    )
    mail_from: str = setting(
        "gopher@localhost", _EMAIL,
        "MAIL_FROM",
        about="sender of mails that name none",
    )
    outbox: Path = setting(  # noqa: RUF009
        _OUTBOX, kinds.path,
        about="directory for mails while there is no mail server (default: outbox in the home "
        "directory above)",
    )
    webhook_allow_private: str = setting(
        "auto", kinds.yes_or_no("auto"), "WEBHOOK_ALLOW_PRIVATE",
        about="yes, no or auto; whether webhooks and downloads may reach private and loopback "
        "addresses; auto allows it except in production",
    )
    handler_paths: tuple[Path, ...] = setting(
        (), kinds.paths, "HANDLER_PATHS", join=":",
        about="directories, separated by colons; built-in handlers read and write files only there; "
        "empty allows the outbox, reports and exports of gopher alone, and / every path",
    )
# fmt: on
