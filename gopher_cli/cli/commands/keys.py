"""gopher keys create, ls, revoke, sign-out-all: who may use the HTTP API and the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gopher_cli.cli.input.filters import duration, words
from gopher_cli.cli.render.styles import ago, plural, when
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.entries import Entry
from gopher_cli.cli.terminal.tables import Column, Listing, write_answer
from gopher_cli.model.errors import Usage
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.model.access.api_keys import KeyInfo, ListedKey
    from gopher_cli.verbs.protocol import Verbs

KEYS = {
    "create": Entry("keys:create", "make a key, and tell its secret once", "Commands"),
    "ls": Entry("keys:ls", "list the keys and when they were last used", "Commands"),
    "revoke": Entry("keys:revoke", "let a key open nothing any more", "Commands"),
    "sign-out-all": Entry("keys:sign_out_all", "end every session of the dashboard", "Commands"),
}

Name = Annotated[str, typer.Argument(metavar="NAME", help="what or whom it is for", show_default=False)]
Role = Annotated[str | None, o.option("--role", metavar="ROLE", help="viewer, operator or admin")]
Scope = Annotated[
    list[str] | None,
    o.option(
        "--scope", metavar="SCOPE", help="read, submit, submit:QUEUE, operate, metrics or admin (repeat)"
    ),
]
Expires = Annotated[
    str | None, o.option("--expires", metavar="DURATION", help="it opens nothing after 90d, 12h ...")
]
Rate = Annotated[
    str | None,
    o.option("--rate", metavar="RATE", help="so many requests, such as 100/s, to each server process"),
]
Wanted = Annotated[
    list[str], typer.Argument(metavar="ID|NAME...", help="ids or names of keys", show_default=False)
]


@command
def create(
    console: Console,
    name: Name,
    role: Role = None,
    scope: Scope = None,
    expires: Expires = None,
    rate: Rate = None,
) -> None:
    """Make an API key. Its secret goes to stdout, once: only a digest of it is stored.

      gopher keys create deploy --role operator --expires 90d
      KEY=$(gopher keys create shop -q --scope submit:mail --rate 100/s)

    With the first key the HTTP API begins to ask for one, on this machine too (AUTH=auto).
    """
    lasts = duration("--expires", expires)
    if expires and not lasts:
        raise Usage("a key that expires at once opens nothing", "leave --expires out for one that lasts")
    made = console.call(
        lambda gopher: gopher.create_key(
            name, role=role or "", scopes=words(scope), lasts=lasts, rate=rate or ""
        )
    )
    if console.format in ("json", "ndjson", "csv"):
        write_answer(console, {**record(made.info, "live"), "secret": made.secret}, ())
        return
    console.print(made.secret)
    ends = f", until {when(made.info.expires_ms)}" if made.info.expires_ms else ""
    console.note(f"key {made.info.name} ({made.info.id}): {' '.join(made.info.scopes)}{ends}")
    console.note("keep this secret now: it is not shown again")


@command
def ls(console: Console) -> None:
    """List the keys: what they may do and when they were last used. Secrets are not known to anybody."""
    keys = console.call(lambda gopher: gopher.api_keys())
    console.rows(
        Listing(rows=keys, columns=COLUMNS, extra=EXTRA, id=lambda k: k.id,
                record=lambda k: record(k, k.standing),
                empty="no key yet; make one: gopher keys create NAME --role operator")
    )  # fmt: skip


@command
def revoke(console: Console, keys: Wanted, yes: o.Yes = False, dry_run: o.DryRun = False) -> int:
    """Let these keys open nothing any more: within a second, on every server, and for good.

    gopher keys revoke deploy
    """
    meant = console.call(lambda gopher: _meant(gopher, keys))
    names = ", ".join(f"{safe(info.name)} ({info.id})" for info in meant)
    if dry_run:
        console.print(f"would be revoked: {names}")
        return 0
    what = plural(len(meant), "key")
    console.confirm(f"Revoke {what} for good: {names}?", yes=yes, would=f"{what} would be revoked: {names}")

    async def work(gopher: Verbs) -> list[KeyInfo]:
        return [await gopher.revoke_key(info.id) for info in meant]

    done = console.call(work)
    if console.quiet:
        console.ids(info.id for info in done)
        return 0
    records = [record(info, "revoked") for info in done]
    write_answer(console, records, (f"{safe(info.name)} ({info.id}) revoked" for info in done))
    return 0


@command
def sign_out_all(console: Console, yes: o.Yes = False, dry_run: o.DryRun = False) -> int:
    """End every session of the dashboard: within a second, on every server. Keys go on opening it.

    gopher keys sign-out-all
    """
    would = "everybody would have to sign in to the dashboard again"
    if dry_run:
        console.print(would)
        return 0
    console.confirm("End every session of the dashboard?", yes=yes, would=would)
    changed = console.call(lambda gopher: gopher.sign_out_all())
    text = "everybody is signed out" if changed else "nobody has ever signed in"
    write_answer(console, {"changed": changed}, [text])
    return 0


async def _meant(gopher: Verbs, texts: list[str]) -> list[KeyInfo]:
    """Raises NotFound, Conflict: before anything is revoked."""
    keys = [await gopher.living_key(text) for text in texts]
    return list({info.id: info for info in keys}.values())


def record(info: KeyInfo, state: str) -> dict[str, Any]:
    """A key as JSON: the same names as in the HTTP API."""
    return {
        "id": info.id, "name": info.name, "scopes": list(info.scopes), "state": state,
        "rate": info.rate or None, "created_at": when(info.created_ms),
        "expires_at": when(info.expires_ms) or None, "last_used_at": when(info.last_used_ms) or None,
        "revoked_at": when(info.revoked_ms) or None,
    }  # fmt: skip


def _state(info: ListedKey) -> str:
    return info.standing


def _time(name: str, field: str, keep: int) -> Column:
    return Column(
        name=name, keep=keep,
        show=lambda k: ago(getattr(k, field), k.as_of_ms), raw=lambda k: when(getattr(k, field)),
    )  # fmt: skip


COLUMNS = [
    Column(name="id", show=lambda k: k.id, keep=20, style=lambda k: "bold"),
    Column(name="name", show=lambda k: k.name, keep=19, most=32, least=8),
    Column(name="state", show=_state, keep=18, style=lambda k: "green" if _state(k) == "live" else "red"),
    Column(name="scopes", show=lambda k: " ".join(k.scopes), raw=lambda k: k.scopes, keep=15, most=48,
           least=10),
    _time("last used", "last_used_ms", 16),
    _time("expires", "expires_ms", 14),
    _time("created", "created_ms", 10),
    Column(name="rate", show=lambda k: k.rate, keep=8, optional=True),
]  # fmt: skip
EXTRA = (Column(name="revoked", show=lambda k: when(k.revoked_ms)),)
