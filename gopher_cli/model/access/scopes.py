"""Who asks for something, and what they may do: scopes, and the roles that name sets of them."""

from __future__ import annotations

import msgspec

# `submit:QUEUE` is submit, for one queue alone. `admin` is everything.
READ, SUBMIT, OPERATE, ADMIN, METRICS = "read", "submit", "operate", "admin", "metrics"
SCOPES = (READ, SUBMIT, OPERATE, ADMIN, METRICS)
ROLES = {
    "viewer": frozenset({READ, METRICS}),
    "operator": frozenset({READ, METRICS, SUBMIT, OPERATE}),
    "admin": frozenset(SCOPES),
}


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """``name`` is for people and the audit; ``via`` is open, key, environment, token or session."""

    name: str
    scopes: frozenset[str]
    via: str
    key_id: str = ""

    def may(self, scope: str, queue: str = "") -> bool:
        """Whether this scope is theirs; ``submit`` without a queue asks for any queue at all."""
        if scope in self.scopes or ADMIN in self.scopes:
            return True
        if scope == SUBMIT and not queue:
            return any(held.startswith(f"{SUBMIT}:") for held in self.scopes)
        return bool(queue) and f"{scope}:{queue}" in self.scopes


# Whoever works on this machine, where nobody asks for a key.
ANYBODY = Caller(name="anybody", scopes=ROLES["admin"], via="open")
