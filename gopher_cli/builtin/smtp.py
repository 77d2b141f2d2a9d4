"""One message through one SMTP server: which faults are final and which deserve another attempt."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from gopher_cli.model.errors import BadConfig
from gopher_cli.model.job.signals import Discard

_HINT = "write SMTP_URL as smtp://user:password@host:587?starttls=1 or smtps://user:password@host"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the mail goes out."""

    host: str
    port: int
    user: str
    password: str
    tls: bool  # from the first byte
    starttls: bool
    timeout: float


def read_url(url: str) -> Server:
    """smtp:// and smtps:// URLs; ?starttls=0|1 and ?timeout=seconds. Raises BadConfig."""
    try:
        parts = urlsplit(url)
        asked = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        host, user = parts.hostname or "", unquote(parts.username or "")
        tls = parts.scheme == "smtps"
        # A password never goes out in the clear unless the URL says so.
        starttls = asked.get("starttls", "1" if user and host not in _LOOPBACK else "0")
        return Server(
            host=host,
            port=parts.port or (465 if tls else 587 if user else 25),
            user=user,
            password=unquote(parts.password or ""),
            tls=tls,
            starttls=not tls and starttls not in ("0", "false", "no"),
            timeout=_checked(parts.scheme, host, float(asked.get("timeout", "20"))),
        )
    except ValueError:
        # Not the text of the URL: it may hold a password.
        raise BadConfig("SMTP_URL cannot be read", _HINT) from None


def deliver(message: EmailMessage, url: str) -> dict[str, Any]:
    """Hand the message over; say who was accepted. Raises Discard when the server says 5xx."""
    try:
        with _session(read_url(url)) as session:
            refused = _hand_over(session, message)
    except smtplib.SMTPRecipientsRefused as error:
        raise _all_refused(error.recipients) from None
    except smtplib.SMTPAuthenticationError as error:
        # About us, not about the message: it goes out once the password is mended.
        said = _said(error.smtp_code, error.smtp_error)
        raise ConnectionError(f"the SMTP server refused the login: {said}") from None
    except smtplib.SMTPResponseException as error:
        raise _answered(error.smtp_code, error.smtp_error) from None
    return {
        "message_id": message["Message-ID"],
        "accepted": [name for name in _recipients(message) if name not in refused],
        "refused": {name: _said(*answer) for name, answer in refused.items()},
    }


def _hand_over(session: smtplib.SMTP, message: EmailMessage) -> dict[str, tuple[int, bytes]]:
    try:
        return session.send_message(message)
    except smtplib.SMTPNotSupportedError as error:
        raise Discard(f"the SMTP server cannot send this message: {error}") from None


@contextmanager
def _session(server: Server) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    session: smtplib.SMTP
    if server.tls:
        session = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout, context=context)
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
    try:
        if server.starttls:
            session.starttls(context=context)
        if server.user:
            session.login(server.user, server.password)
        yield session
        # From here the message is the server's: a fault in saying goodbye changes nothing.
        _goodbye(session)
    finally:
        session.close()


def _goodbye(session: smtplib.SMTP) -> None:
    try:
        session.quit()
    except (smtplib.SMTPException, OSError):
        return


def _checked(scheme: str, host: str, timeout: float) -> float:
    if scheme not in ("smtp", "smtps") or not host or not 0 < timeout <= 300:
        raise ValueError
    return timeout


def _recipients(message: EmailMessage) -> list[str]:
    from email.utils import getaddresses

    fields = message.get_all("To", []) + message.get_all("Cc", [])
    return [address for _, address in getaddresses([str(field) for field in fields])]


def _all_refused(recipients: dict[str, tuple[int, bytes]]) -> Exception:
    # One recipient that may be accepted later is reason enough to try again.
    code, text = min(recipients.values())
    return _answered(code, text)


def _answered(code: int, text: bytes | str) -> Exception:
    if code >= 500:
        return Discard(f"the SMTP server refused for good: {_said(code, text)}")
    return ConnectionError(f"the SMTP server refused for now: {_said(code, text)}")


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())[:200]}"
