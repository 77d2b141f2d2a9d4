"""Why a server cannot be reached is a value: the advice goes by it, whatever the sentence says."""

from __future__ import annotations

import pytest

from gopher_cli.store.errors.unreachable import Cause, cause_of, hint

VERIFY = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {} (_ssl.c:1006)"


@pytest.mark.parametrize(
    ("error", "cause", "words"),
    [
        (TimeoutError("timed out"), Cause.SILENT, "it did not answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), Cause.REFUSED, "connection refused"),
        (OSError("[Errno 111] Connect call failed"), Cause.REFUSED, "connection refused"),
        (OSError("[Errno -2] Name or service not known"), Cause.NO_HOST, "no such host"),
        (FileNotFoundError(2, "No such file or directory"), Cause.NO_SOCKET, "no socket there"),
        (ConnectionResetError(104, "Connection reset by peer"), Cause.CLOSED, "it closed the connection"),
        (OSError("[SSL: WRONG_VERSION_NUMBER] wrong version number"), Cause.NO_TLS, "it speaks no TLS"),
        (
            OSError(VERIFY.format("certificate has expired")), Cause.EXPIRED,
            "its certificate is not accepted: certificate has expired",
        ),
        (
            OSError(VERIFY.format("self-signed certificate")), Cause.UNTRUSTED,
            "its certificate is not accepted: self-signed certificate",
        ),
        (OSError("Network is unreachable."), Cause.UNKNOWN, "Network is unreachable"),
        (OSError(), Cause.UNKNOWN, "OSError"),
    ],
)  # fmt: skip
def test_the_words_of_the_system_are_read_once(error: OSError, cause: Cause, words: str) -> None:
    assert cause_of(error) == (cause, words)


@pytest.mark.parametrize(
    ("address", "cause", "advice"),
    [
        ("redis://h:1", Cause.CLOSED, "write rediss://"),
        ("rediss://h:1", Cause.CLOSED, "write redis://"),
        ("rediss://h:1", Cause.SILENT, "write redis://"),
        ("redis://h:1", Cause.SILENT, "unset REDIS_URL"),
        ("rediss://h:1", Cause.NO_CONNECTION, "unset REDIS_URL"),
        ("rediss://h:1", Cause.EXPIRED, "renew the certificate"),
        ("rediss://h:1", Cause.UNTRUSTED, "ssl_ca_certs"),
        ("unix:///s", Cause.CLOSED, "maxclients"),
        ("unix:///s", Cause.NO_SOCKET, "gopher embedded status"),
    ],
)
def test_the_advice_goes_by_the_cause_and_by_how_the_server_was_called(
    address: str, cause: Cause, advice: str
) -> None:
    assert advice in hint(address, cause)
