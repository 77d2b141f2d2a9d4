"""API keys as values: what is kept of one, how its secret is written, and what it may be given."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

import msgspec

from gopher_cli.model.access.scopes import ROLES, SCOPES, SUBMIT
from gopher_cli.model.errors import Conflict, NotFound, Usage
from gopher_cli.model.hints import SEE_KEYS
from gopher_cli.model.job.value_checks import check_name, check_queue

# gk, the id by which it is looked up, and 256 bits that nobody guesses.
_SECRET = re.compile(r"gk_([0-9a-f]{10})_[A-Za-z0-9_-]{43}")
_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
LIVE, EXPIRED, REVOKED = "live", "expired", "revoked"


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a key. Times are epoch ms, 0 for never."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_ms: int
    expires_ms: int = 0
    revoked_ms: int = 0
    last_used_ms: int = 0
    rate: str = ""

    def state(self, now_ms: int) -> str:
        if self.revoked_ms:
            return REVOKED
        return EXPIRED if self.expires_ms and self.expires_ms <= now_ms else LIVE


class ListedKey(KeyInfo, frozen=True, kw_only=True):
    """A key as it stood at ``as_of_ms``, by the clock of Redis: the one that has stamped its times."""

    as_of_ms: int

    @property
    def standing(self) -> str:
        return self.state(self.as_of_ms)


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a key: never the secret, only its digest."""

    info: KeyInfo
    digest: str


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made: the one moment at which its secret is known."""

    info: KeyInfo
    secret: str = msgspec.field(default="")


def write_secret(id: str, random: str) -> str:
    return f"gk_{id}_{random}"


def id_of(secret: str) -> str:
    """The id that a secret names; nothing for a text that is no secret of ours."""
    match = _SECRET.fullmatch(secret)
    return match[1] if match else ""


def digest_of(secret: str) -> str:
    """What is stored. A fast hash will do: nobody tries 2^256 secrets."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def check_key_name(name: str) -> str:
    """The name of a new key."""
    return check_name("the name of a key", name, _NAME, "1-64 of A-Z a-z 0-9 _ . @ -")


def check_scopes(role: str = "", scopes: Iterable[str] = ()) -> tuple[str, ...]:
    """The scopes of a role, or these. Raises Usage for what is neither, for both, and for none."""
    unique = tuple(dict.fromkeys(scopes))
    if bool(role) == bool(unique):
        raise Usage(
            "a key needs a role or scopes, and not both",
            "a role is viewer, operator or admin; a scope is read, submit, submit:QUEUE, operate, ...",
        )
    if role:
        if role not in ROLES:
            raise Usage(f"there is no role {role[:80]!r}", "roles: viewer, operator, admin")
        return tuple(scope for scope in SCOPES if scope in ROLES[role])
    return tuple(check_scope(scope) for scope in unique)


def check_scope(scope: str) -> str:
    head, colon, queue = scope.partition(":")
    if head == SUBMIT and colon:
        return f"{SUBMIT}:{check_queue(queue)}"
    if scope not in SCOPES:
        raise Usage(
            f"there is no scope {scope[:80]!r}",
            f"scopes: {', '.join(SCOPES)}, and submit:QUEUE for one queue",
        )
    return scope


def meant_key(known: Iterable[KeyInfo], text: str, now_ms: int) -> KeyInfo:
    """The key that can be revoked which an id or a name means: of a name the living one, and an expired one
    only where none lives. Raises NotFound, Conflict."""
    known = list(known)
    if by_id := next((key for key in known if key.id == text), None):
        if by_id.revoked_ms:
            raise Conflict(f"the key {text} was revoked already", SEE_KEYS)
        return by_id
    named = [key for key in known if key.name == text and not key.revoked_ms]
    named = [key for key in named if key.state(now_ms) == LIVE] or named
    if not named:
        raise NotFound(f"no key {text[:80]!r}", SEE_KEYS)
    if len(named) > 1:
        ids = ", ".join(sorted(key.id for key in named))
        raise Conflict(f"{len(named)} keys are called {text}", f"give an id: {ids}")
    return named[0]
