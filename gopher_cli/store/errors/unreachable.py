"""Why Redis could not be reached, in a few words, and what to do about it."""

from __future__ import annotations

import re

_CAUSES = (
    ("refused", "connection refused"),
    ("connect call failed", "connection refused"),  # several addresses of one name
    ("name or service not known", "no such host"),
    ("no such file", "no socket there"),
    ("timed out", "connection timed out"),
    ("wrong version number", "it speaks no TLS"),
    ("reset by peer", "it closed the connection"),
    ("closed by server", "it closed the connection"),
    ("broken pipe", "it closed the connection"),
    ("connection lost", "it closed the connection"),
)
_CERTIFICATE = re.compile(r"certificate verify failed: (.+?)\.?(?: \(_ssl.*)?$", re.IGNORECASE)


def cause(error: OSError) -> str:
    said = str(error)
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if found := _CERTIFICATE.search(said):
        return f"its certificate is not accepted: {found[1]}"
    for word, why in _CAUSES:
        if word in said.lower():
            return why
    return said.rstrip(".") or type(error).__name__


def hint(address: str, why: str) -> str:
    """The way out. One end that speaks TLS and one that does not never understand each other."""
    if address.startswith("unix:") and "closed" in why:
        return "if it has too many clients: redis-cli CONFIG SET maxclients 10000; else see its log"
    if address.startswith("unix:"):
        return "see: gopher embedded status; start it with: gopher embedded start"
    tls = address.startswith(("rediss", "valkeys"))
    if "expired" in why:
        return "renew the certificate of the server"
    if "certificate" in why:
        return "name the authority that has signed it: rediss://host:port?ssl_ca_certs=FILE"
    if tls and ("TLS" in why or "in time" in why or "closed" in why):
        return "start it; or if it speaks no TLS, write redis:// instead of rediss://"
    if not tls and "closed" in why:
        return "start it; or if it speaks TLS, write rediss:// instead of redis://"
    return "start it, or unset REDIS_URL to use the embedded server"
