"""Where the server may listen, and with which certificate: looked at before anything runs."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from ipaddress import ip_address

from gopher_cli.build import run_once
from gopher_cli.config import Settings
from gopher_cli.model.access.api_keys import LIVE, id_of
from gopher_cli.model.errors import BadConfig, GopherError

Where = list[tuple[int, str]]
_A_KEY = "gopher keys create NAME --role admin, or API_KEY (or API_KEY_FILE); or stay here: --host localhost"


def permitted(settings: Settings) -> Where:
    """(family, address) to listen on. Anything but this machine needs a key. Raises BadConfig."""
    _check_own_key(settings)
    host = settings.server_host.strip("[]")
    try:
        addresses = socket.getaddrinfo(host, settings.server_port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise BadConfig(
            f"there is no address {host}: {error.strerror}", "gopher serve --host localhost"
        ) from None
    where = list(dict.fromkeys((int(family), str(at[0])) for family, _, _, _, at in addresses))
    check_certificate(settings)
    if is_exposed(where):
        _check_somebody_has_a_key(settings, host)
    return where


def _check_own_key(settings: Settings) -> None:
    """What a client sends is often set where the server starts too; the server's own key may everything."""
    if id_of(settings.api_key):
        raise BadConfig(
            "API_KEY is a key of gopher keys: here it would open everything",
            "unset GOPHER_API_KEY (or api_key of the profile) for serve, or choose another secret",
        )


def is_exposed(where: Sequence[tuple[int, str]]) -> bool:
    """Whether other machines may reach one of these addresses."""
    return not all(ip_address(address.partition("%")[0]).is_loopback for _, address in where)


def _check_somebody_has_a_key(settings: Settings, host: str) -> None:
    if settings.auth == "open":
        raise BadConfig(
            f"AUTH=open is for this machine alone, and others reach {host}: an API key is needed there",
            f"{_A_KEY}; AUTH=open-to-everyone says that everybody may do everything",
        )
    if settings.auth == "open-to-everyone" or settings.api_key or settings.jwt_algorithm:
        return
    try:
        has_one = run_once(settings, lambda gopher: gopher.api_keys())
    except GopherError as error:
        raise BadConfig(
            f"to listen on {host} an API key is needed, and Redis cannot be asked for one: {error}",
            "set API_KEY (or API_KEY_FILE): it opens the server without Redis",
        ) from error
    if not any(info.standing == LIVE for info in has_one):
        raise BadConfig(
            f"everybody who reaches {host} could submit jobs: an API key is needed to listen there", _A_KEY
        )


def check_certificate(settings: Settings) -> None:
    """Raises BadConfig for files that are not there, are no PEM, or do not belong together."""
    cert, key = settings.server_tls_cert, settings.server_tls_key
    if bool(cert) != bool(key):
        missing = "SERVER_TLS_KEY" if cert else "SERVER_TLS_CERT"
        raise BadConfig(f"https needs a certificate and its key: {missing} is not set", f"set {missing}")
    if not cert:
        return
    for name, path in (("SERVER_TLS_CERT", cert), ("SERVER_TLS_KEY", key)):
        _check_readable(name, path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        why = (
            "they do not belong together"
            if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH"
            else "they cannot be read as PEM"
        )
        raise BadConfig(
            f"SERVER_TLS_CERT and SERVER_TLS_KEY: {why}", "PEM files, the key without a password"
        ) from None


def _check_readable(name: str, path: str) -> None:
    try:
        with open(path, "rb"):  # noqa: PTH123
            pass
    except OSError as error:
        raise BadConfig(f"{name}: {path} cannot be read: {error.strerror}") from None
