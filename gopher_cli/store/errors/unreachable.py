"""Why Redis could not be reached, in a few words, and what to do about it."""

from __future__ import annotations

import re
from enum import StrEnum


class Cause(StrEnum):
    """What is the matter; the words are for people."""

    REFUSED = "connection refused"
    NO_HOST = "no such host"
    NO_SOCKET = "no socket there"
    NO_CONNECTION = "connection timed out"
    SILENT = "it did not answer in time"
    NO_TLS = "it speaks no TLS"
    CLOSED = "it closed the connection"
    EXPIRED = "its certificate has expired"
    UNTRUSTED = "its certificate is not accepted"
    UNKNOWN = "it cannot be reached"


# What the system says has no values: here alone it is read.
_CAUSES = (
    ("refused", Cause.REFUSED),
    ("connect call failed", Cause.REFUSED),  # several addresses of one name
    ("name or service not known", Cause.NO_HOST),
    ("no such file", Cause.NO_SOCKET),
    ("timed out", Cause.NO_CONNECTION),
    ("wrong version number", Cause.NO_TLS),
    ("reset by peer", Cause.CLOSED),
    ("closed by server", Cause.CLOSED),
    ("broken pipe", Cause.CLOSED),
    ("connection lost", Cause.CLOSED),
)
_IN_ITS_OWN_WORDS = (
    ("expired", Cause.EXPIRED), ("certificate", Cause.UNTRUSTED),
    ("tls", Cause.NO_TLS), ("closed", Cause.CLOSED),
)  # fmt: skip
_CERTIFICATE = re.compile(r"certificate verify failed: (.+?)\.?(?: \(_ssl.*)?$", re.IGNORECASE)


def cause_of(error: OSError) -> tuple[Cause, str]:
    """And how to say it: where we know no better, in the words of the system."""
    if isinstance(error, TimeoutError):
        return Cause.SILENT, Cause.SILENT
    message = str(error)
    known = next((cause for words, cause in _CAUSES if words in message.lower()), Cause.UNKNOWN)
    certificate = _CERTIFICATE.search(message)
    if known is not Cause.UNKNOWN and not certificate:
        return known, known
    cause = next((cause for word, cause in _IN_ITS_OWN_WORDS if word in message.lower()), Cause.UNKNOWN)
    if certificate:
        return cause, f"{Cause.UNTRUSTED}: {certificate[1]}"
    return cause, message.rstrip(".") or type(error).__name__


def hint(address: str, cause: Cause) -> str:
    """The way out. One end that speaks TLS and one that does not never understand each other."""
    if address.startswith("unix:") and cause is Cause.CLOSED:
        return "if it has too many clients: redis-cli CONFIG SET maxclients 10000; else see its log"
    if address.startswith("unix:"):
        return "see: gopher embedded status; start it with: gopher embedded start"
    tls = address.startswith(("rediss", "valkeys"))
    if cause is Cause.EXPIRED:
        return "renew the certificate of the server"
    if cause is Cause.UNTRUSTED:
        return "name the authority that has signed it: rediss://host:port?ssl_ca_certs=FILE"
    if tls and cause in (Cause.NO_TLS, Cause.SILENT, Cause.CLOSED):
        return "start it; or if it speaks no TLS, write redis:// instead of rediss://"
    if not tls and cause is Cause.CLOSED:
        return "start it; or if it speaks TLS, write rediss:// instead of redis://"
    return "start it, or unset REDIS_URL to use the embedded server"
