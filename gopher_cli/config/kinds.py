"""The kinds of settings: each reads one text, or says in ValueError what it would have taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from gopher_cli.model.job.backoff import parse_backoff
from gopher_cli.model.job.durability import parse_durability
from gopher_cli.model.text.duration import parse_duration
from gopher_cli.model.text.rate import EXAMPLES, parse_rate
from gopher_cli.store.url import parse_url

Kind = Callable[[str], object]
NAME = r"[A-Za-z0-9_.-]{1,64}"


def whole(low: int, high: int) -> Kind:
    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return read


def megabytes(text: str) -> int:
    """``512MB``, ``2GB``, or a bare number of megabytes."""
    match = re.fullmatch(r"([0-9]{1,7})\s*(m|mb|mib|g|gb|gib)?", text.lower())
    if not match:
        raise ValueError("a size such as 512MB or 2GB")
    return int(match[1]) * (1024 if (match[2] or "m").startswith("g") else 1)


def duration(low: float = 0.0) -> Kind:
    shape = "a duration such as 10s, 1m30s or 500ms" + (f", {low:g}s or more" if low else "")

    def read(text: str) -> float:
        try:
            seconds = parse_duration(text)
        except ValueError:
            raise ValueError(shape) from None
        if seconds < low:
            raise ValueError(shape)
        return seconds

    return read


def durability(text: str) -> str:
    try:
        return str(parse_durability(text))
    except ValueError:
        raise ValueError("memory, fsync or replica:N (N from 1 to 9)") from None


def matching(pattern: str, shape: str) -> Kind:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(shape)
        return text

    return read


def choice(**words: str) -> Kind:
    """Each word and what it stands for; upper and lower case are the same."""

    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError("one of " + ", ".join(dict.fromkeys(words.values())))
        return words[text.lower()]

    return read


def yes_or_no(*more: str) -> Kind:
    """In all the ways in which people say it; ``more`` are further words."""
    yes = dict.fromkeys(("yes", "true", "on", "1"), "yes")
    no = dict.fromkeys(("no", "false", "off", "0"), "no")
    return choice(**yes, **no, **{word: word for word in more})


def named(what: str) -> Kind:
    return matching(NAME, f"the name of a {what}: letters, digits and _ . -, at most 64")


def plain(text: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError("text without control characters")
    return text


def path(text: str) -> Path:
    """Absolute, so that it means the same after a change of directory."""
    try:
        return Path(plain(text)).expanduser().absolute()
    except RuntimeError:
        raise ValueError("a path; ~ is the home of a user that exists") from None


def paths(text: str) -> tuple[Path, ...]:
    folders = tuple(path(part) for part in text.split(":") if part.strip())
    if not folders:  # it is given, so it does not mean all paths
        raise ValueError("directories with colons between them")
    return folders


def backoff(text: str) -> str:
    try:
        parse_backoff(text)
    except ValueError:
        raise ValueError("a back-off: exp:5s, poly:2 or fixed:10s") from None
    return text


def url(text: str) -> str:
    parse_url(text)  # its error says more than "a URL" could
    return text


def smtp(text: str) -> str:
    """smtp://[user:password@]host[:port], or smtps:// for TLS from the start."""
    if not re.fullmatch(r"smtps?://([^\s@]+@)?[\w.\-\[\]:]+?(:[0-9]{1,5})?(\?\S*)?/?", text):
        raise ValueError("a mail server: smtp://user:password@host:587 or smtps://host")
    return text


def commands(text: str) -> tuple[tuple[str, str], ...]:
    """Lines of ``type=command``."""
    pairs = []
    for line in filter(None, map(str.strip, text.splitlines())):
        job_type, equals, command = (part.strip() for part in line.partition("="))
        if not (job_type and equals and command):
            raise ValueError("type=command, one a line")
        pairs.append((job_type, command))
    if len(dict(pairs)) < len(pairs):
        raise ValueError("type=command, one a line, and each type once")
    return tuple(pairs)


def rate(text: str) -> str:
    try:
        parse_rate(text)
    except ValueError:
        raise ValueError(f"a rate such as {EXAMPLES}") from None
    return text.strip()


def file(text: str) -> str:
    return str(path(text))


def networks(text: str) -> str:
    """Addresses and networks, with commas or spaces between them."""
    from ipaddress import ip_network  # late: few runs have one

    try:
        return ",".join(str(ip_network(part)) for part in re.split(r"[\s,;]+", text.strip()))
    except ValueError:
        raise ValueError("networks such as 10.0.0.0/8,192.0.2.7") from None


def origins(text: str) -> str:
    """Origins as browsers send them: scheme, host, perhaps a port, and nothing behind it."""
    parts = [part.lower() for part in re.split(r"[\s,;]+", text.strip())]
    if not all(re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?", part)
               for part in parts):  # fmt: skip
        raise ValueError("origins such as https://app.example.com,http://localhost:3000, each in full")
    return ",".join(parts)


def pem(text: str) -> str:
    """A key on several lines, or a secret on one. What environments make of a line's end is undone."""
    text = text.replace("\\n", "\n") if text.startswith("-----") else text
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text.replace("\r\n", "\n")):
        raise ValueError("a key: PEM, or text without control characters")
    return text


def secure_url(text: str) -> str:
    """https, and http of this machine alone."""
    here = r"http://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]{1,5})?(/\S*)?"
    if not re.fullmatch(rf"https://[^\s/@]+(/\S*)?|{here}", text):
        raise ValueError("an https:// address without a user")
    return text
