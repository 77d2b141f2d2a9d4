"""Tokens (JWT) that somebody else has signed: one algorithm, keys that we have chosen, and an end."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from gopher_cli.config import Settings
from gopher_cli.model.access.scopes import ROLES, Caller
from gopher_cli.model.errors import BadConfig
from gopher_cli.model.text.safe import safe
from gopher_cli.web.auth.jwks import KeySet

_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_LEEWAY = 60  # seconds that clocks may differ
_LEAST_SECRET = 32  # bytes: who has one token can try secrets at home
_LONGEST = 8192
# What a header or a claim can bring about that nobody has thought of: too deep, too large, of another kind.
_UNREADABLE = (RecursionError, OverflowError, ValueError, TypeError)


class WrongToken(Exception):
    """A token that opens nothing, and why."""


class Tokens:
    """Which tokens open this server. A token's own words about keys (jku, x5u, jwk) count for nothing."""

    def __init__(self, settings: Settings, key_for: Callable[[str], Awaitable[Any]]) -> None:
        self._algorithm = settings.jwt_algorithm
        self._issuer = settings.jwt_issuer or None
        self._audience = settings.jwt_audience or None
        self._key_for = key_for

    @classmethod
    def of(cls, settings: Settings) -> Tokens | None:
        """None where no tokens are taken. Raises BadConfig for settings that cannot work."""
        if not settings.jwt_algorithm:
            if settings.jwt_key or settings.jwt_jwks_url:
                raise BadConfig(
                    "JWT_KEY needs JWT_ALGORITHM", "set JWT_ALGORITHM to RS256, ES256, EdDSA or HS256"
                )
            return None
        _check_package(settings.jwt_algorithm)
        _check(settings)
        if settings.jwt_jwks_url:
            return cls(settings, KeySet(settings.jwt_jwks_url, settings.jwt_algorithm).key)
        key = _fixed_key(settings)

        async def always(_: str) -> Any:
            return key

        return cls(settings, always)

    def looks_like_one(self, text: str) -> bool:
        return len(text) <= _LONGEST and _FORM.fullmatch(text) is not None

    async def caller(self, text: str) -> Caller:
        """Raises WrongToken; Unavailable when the keys cannot be fetched."""
        import jwt

        try:
            header = jwt.get_unverified_header(text)
            if header.get("alg") != self._algorithm:
                raise WrongToken("this token is signed in another way than this server takes")
            key = await self._key_for(str(header.get("kid", "")))
            if key is None:
                raise WrongToken("this token is signed with a key that this server does not know")
            claims = jwt.decode(
                text, key, algorithms=[self._algorithm], leeway=_LEEWAY, issuer=self._issuer,
                audience=self._audience, options=self._options(),
            )  # fmt: skip
        except jwt.ExpiredSignatureError:
            raise WrongToken("this token has expired") from None
        except (jwt.PyJWTError, *_UNREADABLE) as error:
            raise WrongToken(f"this token opens nothing: {safe(error)[:200]}") from None
        return Caller(name=_name_in(claims), scopes=_scopes_in(claims), via="token")

    def _options(self) -> Any:
        required = {"exp": True, "iss": bool(self._issuer), "aud": bool(self._audience)}
        return {"require": [claim for claim, is_wanted in required.items() if is_wanted],
                "verify_aud": bool(self._audience), "verify_sub": False}  # fmt: skip


def _name_in(claims: Mapping[str, Any]) -> str:
    return safe(claims.get("sub") or "nobody")[:80]


def _scopes_in(claims: Mapping[str, Any]) -> frozenset[str]:
    """From `scope` (words), `scopes` (a list) and `role`; what is not a scope of ours opens nothing."""
    scopes: set[str] = set()
    for claim in ("scope", "scopes"):
        claimed = claims.get(claim, ())
        words = claimed.split() if isinstance(claimed, str) else claimed if isinstance(claimed, list) else ()
        scopes |= {word for word in words if isinstance(word, str)}
    role = claims.get("role")
    return frozenset(scopes | (ROLES.get(role, frozenset()) if isinstance(role, str) else frozenset()))


def _check_package(algorithm: str) -> None:
    try:
        import jwt
    except ImportError:
        jwt = None  # type: ignore[assignment]
    if jwt is None or (algorithm != "HS256" and not jwt.algorithms.has_crypto):
        raise BadConfig("JWT_ALGORITHM needs a package that is not there", "pip install 'gopher-cli[auth]'")


def _check(settings: Settings) -> None:
    if bool(settings.jwt_key) == bool(settings.jwt_jwks_url):
        raise BadConfig("JWT_ALGORITHM needs JWT_KEY or JWT_JWKS_URL, and not both", "set one of them")
    if settings.jwt_jwks_url and settings.jwt_algorithm == "HS256":
        raise BadConfig("a shared secret (HS256) is not published in a JWKS", "set JWT_KEY_FILE")
    if settings.jwt_jwks_url and not settings.jwt_audience:
        raise BadConfig(
            "with JWT_JWKS_URL a token for any other service of that issuer would open this one",
            "set JWT_AUDIENCE to the name that this server has there",
        )
    if settings.jwt_algorithm == "HS256" and len(settings.jwt_key.encode()) < _LEAST_SECRET:
        raise BadConfig(
            f"JWT_KEY is shorter than {_LEAST_SECRET} bytes, and could be guessed from one token",
            "make one: openssl rand -hex 32",
        )


def _fixed_key(settings: Settings) -> Any:
    """What PyJWT takes for this algorithm. A private key is not needed here, and not wanted."""
    import jwt

    if "PRIVATE KEY" in settings.jwt_key:
        raise BadConfig("JWT_KEY is a private key: to check tokens the public one is enough",
                        "openssl pkey -in private.pem -pubout")  # fmt: skip
    try:
        return jwt.get_algorithm_by_name(settings.jwt_algorithm).prepare_key(settings.jwt_key)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise BadConfig(
            f"JWT_KEY is not a key of {settings.jwt_algorithm}", "give the public key as PEM, in JWT_KEY_FILE"
        ) from None
