"""The settings of who may come in: what they take, and what they refuse with the words to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gopher_cli.config import Settings
from gopher_cli.model.errors import BadConfig

PEM = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----"


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("AUTH", "Required", "auth", "required"), ("AUTH", "open-to-everyone", "auth", "open-to-everyone"),
        ("API_RATE", "600/m", "api_rate", "600/m"), ("METRICS_OPEN", "1", "metrics_open", "yes"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7", "trusted_proxies", "10.0.0.0/8,192.0.2.7/32"),
        ("TRUSTED_PROXIES", "fd00::/8", "trusted_proxies", "fd00::/8"),
        ("SERVER_CORS_ORIGINS", "https://A.example:8443 http://[::1]:3000", "server_cors_origins",
         "https://a.example:8443,http://[::1]:3000"),
        ("SERVER_TLS_CERT", "/c.pem", "server_tls_cert", "/c.pem"),
        ("JWT_ALGORITHM", "eddsa", "jwt_algorithm", "EdDSA"),
        ("JWT_KEY", PEM, "jwt_key", PEM), ("JWT_KEY", PEM.replace("\n", "\\n"), "jwt_key", PEM),
        ("JWT_JWKS_URL", "http://127.0.0.1:80/k", "jwt_jwks_url", "http://127.0.0.1:80/k"),
        ("GOPHER_AUTH", "open", "auth", "open"),
    ],
)  # fmt: skip
def test_a_setting_is_read_and_reads_back_the_same(
    variable: str, text: str, field: str, value: str, tmp_path: Path
) -> None:
    settings = Settings.resolve({variable: text}, cwd=tmp_path)

    assert getattr(settings, field) == value
    assert getattr(Settings.resolve({variable: value}, cwd=tmp_path), field) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("AUTH", "yes"), ("API_RATE", "fast"), ("METRICS_OPEN", "perhaps"),
        ("TRUSTED_PROXIES", "proxy.example"), ("TRUSTED_PROXIES", "10.0.0.1/8"), ("SERVER_CORS_ORIGINS", "*"),
        ("SERVER_CORS_ORIGINS", "app.example.com"), ("SERVER_CORS_ORIGINS", "https://a.example/path"),
        ("SERVER_CORS_ORIGINS", "https://*.example"), ("SERVER_CORS_ORIGINS", "null"),
        ("JWT_ALGORITHM", "none"), ("JWT_JWKS_URL", "http://id.example/k"), ("JWT_JWKS_URL", "https://u:p@id.example/k"),
        ("JWT_JWKS_URL", "file:///etc/passwd"), ("JWT_JWKS_URL", "http://127.0.0.1.evil.example/k"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(variable: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as refusal:
        Settings.resolve({variable: text}, cwd=tmp_path)

    assert variable in str(refusal.value) and "it takes" in str(refusal.value)


def test_keys_may_stand_in_files_and_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "jwt.pem").write_text(PEM + "\n")
    settings = Settings.resolve(
        {"JWT_KEY_FILE": str(tmp_path / "jwt.pem"), "API_KEY": "hunter2"}, cwd=tmp_path
    )

    assert settings.jwt_key == PEM
    assert "MCow" not in str(settings.describe()) + repr(settings)
    assert "hunter2" not in str(settings.describe()) + repr(settings)


def test_lists_may_be_lists_in_toml(tmp_path: Path) -> None:
    (tmp_path / "gopher.toml").write_text(
        'trusted_proxies = ["10.0.0.0/8", "192.0.2.7"]\n'
        '[server]\ncors_origins = ["https://a.example", "https://b.example"]\n'
    )
    settings = Settings.resolve({}, cwd=tmp_path)

    assert settings.server_cors_origins == "https://a.example,https://b.example"
    assert settings.trusted_proxies == "10.0.0.0/8,192.0.2.7/32"
