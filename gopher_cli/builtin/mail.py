"""`email`: a message goes out through SMTP, or into the outbox directory without one."""

from __future__ import annotations

import html as markup
import re
import time
from string import Template
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct, field

from gopher_cli.builtin.files import replacing, safe_name
from gopher_cli.context import Context
from gopher_cli.model.job.signals import Discard

if TYPE_CHECKING:
    from email.message import EmailMessage

_DEFAULT_SENDER = "gopher@localhost"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LOCAL = re.compile(r"[^\s@<>()\[\],:;\"\\]{1,64}")
_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")


class Email(Struct, frozen=True, kw_only=True):
    """One message. A payload that is only an address gets a short standard text."""

    to: Annotated[str | list[str], Meta(description="address, or list of addresses")]
    subject: Annotated[str, Meta(description="subject line")] = ""
    body: Annotated[str, Meta(description="the text")] = ""
    sender: Annotated[str, Meta(description="sender; default: the setting MAIL_FROM")] = field(
        name="from", default=""
    )
    cc: Annotated[str | list[str], Meta(description="copies to")] = []
    html: Annotated[str, Meta(description="the same text in HTML")] = ""
    template: Annotated[str, Meta(description="built-in text: welcome")] = ""
    data: Annotated[dict[str, Any], Meta(description="values for the template")] = {}


def send(payload: Email | str, ctx: Context) -> dict[str, Any]:
    """Where the message went. A second attempt makes the same message, under the same name."""
    email = _standard(payload) if isinstance(payload, str) else payload
    message = compose(email, ctx, now=time.time())
    if url := ctx.settings.smtp_url:
        from gopher_cli.builtin.smtp import deliver

        # Once per job: a later loss of this attempt must not send the message again.
        sent: dict[str, Any] = ctx.once("smtp", lambda: deliver(message, url))
        ctx.log(f"accepted for {', '.join(sent['accepted'])}")
        return sent
    target = ctx.settings.outbox / f"{safe_name(ctx.job.id)}.eml"
    with replacing(target) as out:
        out.write(message.as_bytes())
    ctx.log(f"no SMTP_URL is set: wrote {target}")
    return {"file": str(target)}


def compose(email: Email, ctx: Context, *, now: float) -> EmailMessage:
    """The message, whole and safe to send. Raises Discard for what no retry can mend."""
    from email.message import EmailMessage
    from email.policy import SMTP
    from email.utils import formatdate

    email = _filled(email)
    # 7bit: not every server takes 8-bit bodies, and none says so in time.
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    sender = _address(email.sender or ctx.settings.mail_from or _DEFAULT_SENDER, "from")
    message["From"] = sender
    message["To"] = ", ".join(_addresses(email.to, "to"))
    if copies := _addresses(email.cc, "cc", needed=False):
        message["Cc"] = ", ".join(copies)
    message["Subject"] = _header(email.subject, "subject")
    message["Date"] = formatdate(now)
    # Made from the job's id, so that a mailbox recognises a repeated attempt.
    message["Message-ID"] = f"<{safe_name(ctx.job.id)}@{sender.rpartition('@')[2].rstrip('>')}>"
    _fill_body(message, email)
    return message


def _standard(address: str) -> Email:
    return Email(
        to=address,
        subject="A message from gopher",
        body="This message was sent by a job that named nothing but your address.\n",
    )


def _fill_body(message: EmailMessage, email: Email) -> None:
    try:
        message.set_content(email.body)
        if email.html:
            message.add_alternative(email.html, subtype="html")
    except UnicodeEncodeError:
        raise Discard("the body holds a lone surrogate, which is not a character") from None


def _filled(email: Email) -> Email:
    if not email.template:
        return email
    if email.template not in _TEMPLATES:
        known = ", ".join(_TEMPLATES)
        raise Discard(f"no template {email.template[:40]!r}: use one of {known}")
    text, page = _TEMPLATES[email.template]
    values = {"username": "there"} | {key: str(value) for key, value in email.data.items()}
    escaped = {key: markup.escape(value) for key, value in values.items()}
    return Email(
        to=email.to,
        cc=email.cc,
        sender=email.sender,
        subject=email.subject or "Welcome!",
        body=email.body or Template(text).safe_substitute(values),
        html=email.html or Template(page).safe_substitute(escaped),
    )


def _header(text: str, name: str) -> str:
    """Refuse what could end the header and begin another."""
    if _CONTROL.search(text):
        raise Discard(f"header injection refused: {name} holds a line break or control character")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Discard(f"{name} holds a lone surrogate, which is not a character")
    return text


def _addresses(given: str | list[str], name: str, *, needed: bool = True) -> list[str]:
    addresses = [_address(text, name) for text in ([given] if isinstance(given, str) else given)]
    if needed and not addresses:
        raise Discard(f"{name} is empty: give at least one address")
    return addresses


def _address(text: str, name: str) -> str:
    """The address in the form that goes on the wire: "Ann <ann@example.com>" or bare."""
    from email.headerregistry import Address
    from email.utils import parseaddr

    shown, spec = parseaddr(_header(text, name).strip())
    local, at, domain = spec.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or not _is_domain(domain):
        raise Discard(f"{name}: {text[:80]!r} is not an e-mail address")
    try:
        host = domain.encode("idna").decode("ascii")
        return str(Address(shown, local, host)) if shown else f"{local}@{host}"
    except (UnicodeError, ValueError):
        raise Discard(f"{name}: {text[:80]!r} is not an e-mail address") from None


def _is_domain(domain: str) -> bool:
    return len(domain) <= 253 and all(_LABEL.fullmatch(label) for label in domain.split("."))


_TEMPLATES = {
    "welcome": (
        "Hello $username,\n\nwelcome! Your account is ready.\n",
        "<p>Hello $username,</p>\n<p>welcome! Your account is ready.</p>\n",
    )
}
