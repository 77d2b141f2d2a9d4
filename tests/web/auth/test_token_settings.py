"""Settings of tokens that cannot work, and servers that have none."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from gopher_cli.config import Settings
from gopher_cli.model.errors import BadConfig
from gopher_cli.web.app import create_app
from gopher_cli.web.auth.tokens import Tokens
from web.auth.test_tokens import takes
from web.signing import private_key, public_pem


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"JWT_KEY": "x"}, "JWT_ALGORITHM"), ({"JWT_ALGORITHM": "RS256"}, "JWT_KEY"),
        ({"JWT_ALGORITHM": "HS256", "JWT_KEY": "short"}, "32 bytes"),
        ({"JWT_ALGORITHM": "RS256", "JWT_KEY": "no key"}, "RS256"),
        ({"JWT_ALGORITHM": "RS256", "JWT_KEY": public_pem("ES256")}, "RS256"),
        ({"JWT_ALGORITHM": "ES256", "JWT_KEY": public_pem("RS256")}, "ES256"),
        ({"JWT_ALGORITHM": "HS256", "JWT_KEY": public_pem("RS256")}, "HS256"),
        ({"JWT_ALGORITHM": "RS256", "JWT_JWKS_URL": "https://i.example/k"}, "any other service"),
        ({"JWT_ALGORITHM": "HS256", "JWT_JWKS_URL": "https://i.example/k", "JWT_AUDIENCE": "a"}, "HS256"),
        ({"JWT_ALGORITHM": "RS256", "JWT_JWKS_URL": "http://i.example/k"}, "https"),
        ({"JWT_ALGORITHM": "none", "JWT_KEY": "x"}, "RS256"),
        (takes("RS256", JWT_JWKS_URL="https://i.example/k"), "not both"),
    ],
)  # fmt: skip
def test_settings_of_tokens_that_contradict_each_other_are_refused(
    environ: dict[str, str], said: str
) -> None:
    with pytest.raises(BadConfig) as refusal:
        create_app(Settings.resolve(environ))

    assert said in str(refusal.value)
    assert all(len(value) < 20 or value not in str(refusal.value) for value in environ.values())


def test_a_private_key_is_not_taken_to_check_tokens() -> None:
    from cryptography.hazmat.primitives import serialization as s

    pem = private_key("ES256").private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    with pytest.raises(BadConfig, match="private"):
        Tokens.of(Settings(jwt_algorithm="ES256", jwt_key=pem.decode()))


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = builtins.__import__

    def missing(name: str, *more: Any, **named: Any) -> Any:
        if name == "jwt":
            raise ImportError(name)
        return usual(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(BadConfig) as refusal:
        Tokens.of(Settings(jwt_algorithm="RS256", jwt_key=public_pem("RS256")))

    assert "gopher-cli[auth]" in refusal.value.hint


def test_a_server_without_tokens_does_not_load_the_package() -> None:
    import subprocess
    import sys

    code = "import sys, gopher_cli.web.app; sys.exit('jwt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
