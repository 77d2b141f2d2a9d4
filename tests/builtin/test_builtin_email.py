"""Laws of the `email` handler."""

from __future__ import annotations

import email
import email.policy
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gopher_cli.builtin.mail import Email, send
from gopher_cli.builtin.smtp import read_url
from gopher_cli.model.errors import BadConfig
from gopher_cli.model.job.signals import Discard

HELLO = {"to": "user@example.com", "subject": "Hello", "body": "This is a test"}


def read(payload: Any) -> Any:
    return msgspec.convert(payload, Email | str)


def opened(result: dict[str, Any]) -> Any:
    return email.message_from_bytes(Path(result["file"]).read_bytes(), policy=email.policy.default)


def test_without_a_mail_server_the_message_is_a_file_in_the_outbox(ctx: Any) -> None:
    message = opened(send(read(HELLO), ctx))

    assert message["To"] == "user@example.com"
    assert message["Subject"] == "Hello"
    assert message["From"] == "gopher@localhost"
    assert message.get_content().splitlines() == ["This is a test"]
    assert [path.name for path in ctx.settings.outbox.iterdir()] == ["job-1.eml"]


def test_a_second_attempt_writes_the_same_file_with_the_same_message_id(ctx: Any) -> None:
    first, second = (opened(send(read(HELLO), ctx)) for _ in range(2))

    assert first["Message-ID"] == second["Message-ID"] == "<job-1@localhost>"
    assert len(list(ctx.settings.outbox.iterdir())) == 1


def test_a_bare_address_is_a_payload(ctx: Any) -> None:
    message = opened(send(read("user@example.com"), ctx))

    assert message["To"] == "user@example.com"
    assert message["Subject"]


def test_the_welcome_template_is_filled_and_escaped_in_html_only(ctx: Any) -> None:
    data = {"username": "<b>Ann</b>", "unused": "$body"}
    payload = {"to": "a@example.com", "subject": "Welcome!", "template": "welcome", "data": data}

    message = opened(send(read(payload), ctx))

    assert "Hello <b>Ann</b>," in message.get_body(("plain",)).get_content()
    assert "Hello &lt;b&gt;Ann&lt;/b&gt;," in message.get_body(("html",)).get_content()


def test_names_copies_and_letters_beyond_ascii_survive(ctx: Any) -> None:
    payload = {
        "to": ["Jörg <joerg@bücher.example>", "b@example.com"],
        "cc": "c@example.com",
        "from": "noreply@example.com",
        "subject": "Grüße",
        "body": "Schön\n",
    }

    message = opened(send(read(payload), ctx))

    assert message["To"] == "Jörg <joerg@xn--bcher-kva.example>, b@example.com"
    assert message["Cc"] == "c@example.com"
    assert message["Subject"] == "Grüße"
    assert message.get_content().splitlines() == ["Schön"]
    assert message["Message-ID"] == "<job-1@example.com>"


@pytest.mark.parametrize("field", ["to", "subject", "from", "cc"])
@pytest.mark.parametrize("tail", ["\r\nBcc: x@example.com", "\nX: y", "\0", "\u2028X"])
def test_a_header_cannot_be_injected(ctx: Any, field: str, tail: str) -> None:
    payload = HELLO | {field: "user@example.com" + tail}

    with pytest.raises(Discard, match="header injection"):
        send(read(payload), ctx)
    assert not ctx.settings.outbox.exists()


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "@example.com", "a@", "a b@example.com", "a@b@c", "a@-b.com", "a@b..c", "<a>"],
)
def test_what_is_no_address_is_discarded(ctx: Any, address: str) -> None:
    with pytest.raises(Discard):
        send(read(HELLO | {"to": address}), ctx)


def test_nobody_to_write_to_is_discarded(ctx: Any) -> None:
    with pytest.raises(Discard, match="at least one"):
        send(read(HELLO | {"to": []}), ctx)


def test_an_unknown_template_names_the_known_ones(ctx: Any) -> None:
    with pytest.raises(Discard, match="welcome"):
        send(read(HELLO | {"template": "welcom"}), ctx)


def test_a_job_id_cannot_leave_the_outbox(ctx: Any) -> None:
    ctx.job.id = "../../evil"

    written = Path(send(read(HELLO), ctx)["file"])

    assert ctx.settings.outbox == written.parent


def test_smtp_delivers_and_says_who_was_accepted(ctx: Any, mailbox: Any) -> None:
    ctx.set(smtp_url=mailbox.url)

    result = send(read(HELLO | {"cc": "c@example.com"}), ctx)

    assert result["accepted"] == ["user@example.com", "c@example.com"]
    assert result["message_id"] == "<job-1@localhost>"
    ((_, recipients, text),) = mailbox.taken
    assert recipients == ["user@example.com", "c@example.com"]
    assert b"Subject: Hello\r\n" in text
    assert not ctx.settings.outbox.exists()


def test_a_message_that_was_accepted_is_not_sent_by_the_next_attempt(ctx: Any, mailbox: Any) -> None:
    ctx.set(smtp_url=mailbox.url)

    assert send(read(HELLO), ctx) == send(read(HELLO), ctx)
    assert len(mailbox.taken) == 1


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "END"])
def test_a_5xx_is_final(ctx: Any, mailbox: Any, verb: str) -> None:
    ctx.set(smtp_url=mailbox.url)
    mailbox.replies[verb] = "550 no such user"

    with pytest.raises(Discard, match="550 no such user"):
        send(read(HELLO), ctx)


@pytest.mark.parametrize("verb", ["HELLO", "MAIL", "RCPT", "DATA", "END"])
def test_a_4xx_is_tried_again(ctx: Any, mailbox: Any, verb: str) -> None:
    ctx.set(smtp_url=mailbox.url)
    mailbox.replies[verb] = "451 later"

    with pytest.raises(ConnectionError, match="451 later"):
        send(read(HELLO), ctx)


def test_a_refused_login_is_tried_again(ctx: Any, mailbox: Any) -> None:
    ctx.set(smtp_url=mailbox.url.replace("//", "//ann:secret@"))
    mailbox.replies["AUTH"] = "535 wrong password"

    with pytest.raises(ConnectionError, match="535 wrong password"):
        send(read(HELLO), ctx)


def test_one_refused_recipient_does_not_hide_the_accepted_one(ctx: Any, mailbox: Any) -> None:
    ctx.set(smtp_url=mailbox.url)
    mailbox.replies = {"rcpt TO:<bad@example.com>": "550 unknown"}

    result = send(read(HELLO | {"to": ["user@example.com", "bad@example.com"]}), ctx)

    assert result["accepted"] == ["user@example.com"]
    assert result["refused"] == {"bad@example.com": "550 unknown"}


def test_a_server_that_is_away_is_tried_again(ctx: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ctx.set(smtp_url=f"smtp://127.0.0.1:{free.getsockname()[1]}")

        with pytest.raises(OSError, match="refused"):
            send(read(HELLO), ctx)


def test_starttls_that_was_asked_for_is_never_left_out(ctx: Any, mailbox: Any) -> None:
    ctx.set(smtp_url=mailbox.url + "?starttls=1")

    with pytest.raises(Exception, match="STARTTLS"):
        send(read(HELLO), ctx)
    assert mailbox.taken == []


def test_a_password_goes_over_tls_unless_the_url_says_otherwise() -> None:
    away = read_url("smtp://ann:s%40crt@mail.example.com")

    assert (away.port, away.starttls, away.password) == (587, True, "s@crt")
    assert not read_url("smtp://ann:x@mail.example.com?starttls=0").starttls
    assert (read_url("smtps://h").port, read_url("smtps://h").tls) == (465, True)


@pytest.mark.parametrize("url", ["http://x", "smtp://", "smtp://h:99999", "smtp://h?timeout=x"])
def test_an_unreadable_smtp_url_is_said_without_its_password(url: str) -> None:
    with pytest.raises(BadConfig, match=r"^SMTP_URL cannot be read$"):
        read_url(url)
