"""API keys: make, list, revoke; and sessions: end one, end all.

Of a key only a digest is stored; its secret is told once and never again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from gopher_cli.model.access.api_keys import (
    LIVE,
    REVOKED,
    ApiKey,
    KeyInfo,
    ListedKey,
    NewKey,
    check_key_name,
    check_scopes,
    digest_of,
    meant_key,
    write_secret,
)
from gopher_cli.model.errors import Refused, Usage
from gopher_cli.model.facts import Operation
from gopher_cli.model.hints import SEE_KEYS
from gopher_cli.model.text.rate import parse_rate
from gopher_cli.store.asks import access, ask
from gopher_cli.verbs.core import Core

MOST = 1000  # live keys: every server reads them once a second
MOST_DEAD = 1000  # those too: the newest of them
MOST_SIGNED_OUT = 1000  # sessions that are remembered one by one: those too
_CLOCKS_DIFFER = 3600  # seconds by which a server that looks at a session may be behind
_REMEMBERED_MS = 90 * 86_400_000  # a dead key is shown so long
_decoder = msgspec.json.Decoder(ApiKey)


class Known(NamedTuple):
    """What a door has to know: every key by its id, the secret of sessions (empty: nobody has signed in yet),
    and what was signed out: a session, or those of a key that would have ended by then (epoch seconds).
    """

    keys: Mapping[str, ApiKey]
    seal: str
    signed_out: Mapping[str, int]


async def create_key(
    core: Core, name: str, *, role: str = "", scopes: Iterable[str] = (), lasts: float = 0.0, rate: str = ""
) -> NewKey:
    """``lasts`` in seconds, 0 for ever; ``rate`` such as 100/s, on each server. Raises Usage, Refused.

    The secret is in the answer, and nowhere else.
    """
    granted = check_scopes(role, scopes)
    if lasts < 0:
        raise Usage("a key expires after a while, not before now")
    now = await core.store.ask(ask.time_ms())
    await _make_room(core, now)
    id = secrets.token_hex(5)
    info = KeyInfo(
        id=id, name=check_key_name(name), scopes=granted, created_ms=now, rate=_checked_rate(rate),
        expires_ms=now + max(1, round(lasts * 1000)) if lasts else 0,
    )  # fmt: skip
    secret = write_secret(id, secrets.token_urlsafe(32))
    await _put(core, ApiKey(info=info, digest=digest_of(secret)))
    await core.record(Operation("create key", f"{info.name} ({id})", detail=" ".join(granted)))
    return NewKey(info=info, secret=secret)


async def api_keys(core: Core) -> list[ListedKey]:
    """Every key, the newest first; the dead ones for a while too."""
    keys = (await access_table(core)).keys
    used = await core.store.ask(access.uses(core.namespace))
    now = await core.store.ask(ask.time_ms())
    infos = [_listed(key.info, used.get(id, 0), now) for id, key in keys.items()]
    return sorted(infos, key=lambda info: (info.created_ms, info.id), reverse=True)


async def living_key(core: Core, name_or_id: str) -> KeyInfo:
    """The key that an id or a name means, when it can be revoked. Raises as `revoke_key`."""
    return (await _meant(core, name_or_id)).info


async def revoke_key(core: Core, name_or_id: str) -> KeyInfo:
    """By id, or by a name that one living key has, or one expired where none lives. It opens nothing
    within a second.

    Raises NotFound, and Conflict where it was revoked already or the name is not enough.
    """
    key = await _meant(core, name_or_id)
    now = await core.store.ask(ask.time_ms())
    info = msgspec.structs.replace(key.info, revoked_ms=now)
    await _put(core, msgspec.structs.replace(key, info=info))
    await core.record(Operation("revoke key", f"{info.name} ({info.id})"))
    return info


async def access_table(core: Core) -> Known:
    """A key that cannot be read opens nothing, and keeps nobody else out."""
    table = await core.store.ask(access.table(core.namespace))
    keys = {id: key for id, raw in table.keys.items() if (key := _read(raw))}
    return Known(keys, table.seal, table.signed_out)


async def session_secret(core: Core) -> str:
    """The secret that seals sessions, the same for all servers; made when there is none."""
    return await core.store.ask(access.seal(core.namespace, secrets.token_hex(32)))


async def sign_out(core: Core, session: str, key_id: str, ends: int) -> None:
    """End this session of a key, which would have ended by itself at ``ends`` (epoch seconds).

    Where very many are remembered already, the older sessions of its key end with it: so nobody can
    sign out so often that an ended session is forgotten.
    """
    known = (await access_table(core)).signed_out
    forget = await core.store.ask(ask.time_ms()) // 1000 - _CLOCKS_DIFFER
    over = session if len(known) < MOST_SIGNED_OUT else key_id
    await core.store.ask(access.sign_out(core.namespace, over, ends, forget))


async def sign_out_all(core: Core) -> bool:
    """End every session of everybody. False where nobody has ever signed in."""
    if not (await access_table(core)).seal:
        return False
    await core.store.ask(access.seal_anew(core.namespace, secrets.token_hex(32)))
    await core.record(Operation("sign out", "everybody"))
    return True


async def note_key_uses(core: Core, used: dict[str, int]) -> None:
    """Remember when these were last used (ms)."""
    await core.store.ask(access.note_uses(core.namespace, used))


async def _put(core: Core, key: ApiKey) -> None:
    await core.store.ask(access.put_key(core.namespace, key.info.id, msgspec.json.encode(key)))


async def _meant(core: Core, name_or_id: str) -> ApiKey:
    known = (await access_table(core)).keys
    now = await core.store.ask(ask.time_ms())
    return known[meant_key([key.info for key in known.values()], name_or_id, now).id]


async def _make_room(core: Core, now: int) -> None:
    """Forget what died long ago, and all but the newest dead where many died.

    The newest key stays: whoever had keys once goes on asking for them.
    """
    known = sorted(await api_keys(core), key=lambda info: info.created_ms)
    dead = sorted((_died(info, now), info.id) for info in known[:-1] if _died(info, now))
    too_many = len(dead) - MOST_DEAD
    gone = [id for i, (died, id) in enumerate(dead) if i < too_many or died < now - _REMEMBERED_MS]
    await core.store.ask(access.forget_keys(core.namespace, gone))
    if sum(info.state(now) == LIVE for info in known) >= MOST:
        raise Refused(
            f"there are {MOST} keys, and that is the limit",
            SEE_KEYS.put("gopher keys revoke what nobody uses"),
        )


def _listed(info: KeyInfo, last_used_ms: int, now: int) -> ListedKey:
    return ListedKey(**{**msgspec.structs.asdict(info), "last_used_ms": last_used_ms}, as_of_ms=now)


def _died(info: KeyInfo, now: int) -> int:
    """When, ms; 0 for a living one."""
    state = info.state(now)
    return 0 if state == LIVE else info.revoked_ms if state == REVOKED else info.expires_ms


def _checked_rate(rate: str) -> str:
    try:
        if rate:
            parse_rate(rate)
    except ValueError as error:
        raise Usage(str(error)) from None
    return rate.strip()


def _read(raw: bytes) -> ApiKey | None:
    try:
        return _decoder.decode(raw)
    except msgspec.DecodeError:
        return None
