"""Settings of access: who may come in to the HTTP server, and how."""

from __future__ import annotations

from dataclasses import dataclass

from gopher_cli.config import kinds
from gopher_cli.config.setting import setting, stars

_API = kinds.matching(
    r"https?://[^\s/?#@]+(/[^\s?#]*)?", "the address of a server, such as https://gopher.example.com"
)
_AUTH = kinds.choice(
    auto="auto", required="required", open="open", **{"open-to-everyone": "open-to-everyone"}
)
_JWT = kinds.choice(rs256="RS256", es256="ES256", eddsa="EdDSA", hs256="HS256")


# fmt: off
@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Access:
    """Who may come in, and how."""

    api_key: str = setting(
        "", kinds.plain, "API_KEY", show=stars, flag="--key",
        about="key that HTTP clients must send, and that the command line sends with --api; better in a "
        "file named by API_KEY_FILE",
    )
    api_url: str = setting(
        "", _API, flag="--api",
        about="address of a gopher serve, such as https://gopher.example.com; commands then work through its "
        "API, and not on Redis",
    )
    auth: str = setting(
        "auto", _AUTH, "AUTH",
        about="auto, required or open; auto asks for a key as soon as there is one (API_KEY, gopher keys, "
        "JWT), and away from this machine always; open-to-everyone is open there too",
    )
    api_rate: str = setting(
        "", kinds.rate, "API_RATE",
        about="requests such as 100/s, 600/m; how many each key may send to each server process, where it "
        "has no rate of its own; empty is no limit",
    )
    metrics_open: str = setting(
        "no", kinds.yes_or_no(), "METRICS_OPEN",
        about="yes or no; whether /metrics needs no key",
    )
    trusted_proxies: str = setting(
        "", kinds.networks, "TRUSTED_PROXIES", join=",",
        about="networks such as 10.0.0.0/8, with commas; only of these X-Forwarded-For, "
        "-Proto, -Host and -Port are believed",
    )
    server_tls_cert: str = setting(
        "", kinds.file, "SERVER_TLS_CERT",
        about="file with the certificate of the HTTP server and those above it (PEM); with "
        "SERVER_TLS_KEY the server speaks https alone",
    )
    server_tls_key: str = setting(
        "", kinds.file, "SERVER_TLS_KEY",
        about="file with the private key of that certificate (PEM, without a password)",
    )
    server_cors_origins: str = setting(
        "", kinds.origins, "SERVER_CORS_ORIGINS", join=",",
        about="origins such as https://app.example.com, with commas; web pages from there may call the "
        "API with a key; empty allows none",
    )
    jwt_algorithm: str = setting(
        "", _JWT, "JWT_ALGORITHM",
        about="RS256, ES256, EdDSA or HS256; the one algorithm in which tokens (JWT) are signed; empty takes "
        "no tokens",
    )
    jwt_key: str = setting(
        "", kinds.pem, "JWT_KEY", show=stars,
        about="public key of that algorithm (PEM), or the shared secret of HS256; better in a file named by "
        "JWT_KEY_FILE",
    )
    jwt_jwks_url: str = setting(
        "", kinds.secure_url, "JWT_JWKS_URL",
        about="https address of the keys (JWKS), in the place of JWT_KEY",
    )
    jwt_issuer: str = setting(
        "", kinds.plain, "JWT_ISSUER",
        about="what `iss` must be; empty takes any",
    )
    jwt_audience: str = setting(
        "", kinds.plain, "JWT_AUDIENCE",
        about="what `aud` must be, or hold; needed with JWT_JWKS_URL",
    )
# fmt: on
