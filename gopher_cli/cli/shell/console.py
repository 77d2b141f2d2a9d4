"""Console: what a command has to talk with. Settings, what it prints with, questions, and the verbs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from gopher_cli.cli.shell.common_options import FORMATS
from gopher_cli.cli.terminal.encoding import fit_data
from gopher_cli.cli.terminal.environment import says_yes
from gopher_cli.cli.terminal.printer import Printer
from gopher_cli.model.errors import Usage
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.cli.terminal.tables import Listing
    from gopher_cli.config import Settings
    from gopher_cli.gopher import Gopher
    from gopher_cli.verbs.protocol import Verbs

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Console(Printer):
    """One per command."""

    debug: bool = False
    flags: dict[str, Any] = field(default_factory=dict)
    _warned: bool = False
    _settings: Settings | None = None

    @classmethod
    def open(
        cls, *, output: str | None, json: bool, no_header: bool, quiet: bool, color: str | None,
        debug: bool, redis_url: str | None, api: str | None, key: str | None, profile: str | None,
    ) -> Self:  # fmt: skip
        """From the options of every command. Raises Usage."""
        if redis_url and api:
            raise Usage("--redis-url and --api say two things", "give one of them")
        name, output = "--output", "json" if json else output
        if not output:
            name, output = "GOPHER_OUTPUT", os.environ.get("GOPHER_OUTPUT")
        check_choice("--color", color, ("auto", "always", "never"))
        check_choice(name, output, FORMATS)
        output = output or ("id" if quiet else "table" if sys.stdout.isatty() else "plain")
        if output != "table":
            fit_data(sys.stdout)
        return cls(
            format=output,
            quiet=quiet, header=not no_header, color=color,
            debug=says_yes("GOPHER_DEBUG") or debug,
            flags={"redis_url": redis_url, "api_url": api, "api_key": key, "profile": profile},
        )  # fmt: skip

    def settings(self, *, warn: bool = True, **flags: Any) -> Settings:
        """The settings of this command; ``flags`` are those of its options that are settings.

        ``warn=False`` is for commands that have a log, where they warn themselves.
        """
        if self._settings is None or flags:
            from gopher_cli.config import Settings

            self._settings = Settings.resolve(os.environ, **self.flags, **flags)
            if self.flags.get("api_key") and not self.works_remotely(self._settings):
                raise key_without_api()
            if warn and not self.works_remotely(self._settings):
                self._warn_of_production(self._settings)
        return self._settings

    def works_remotely(self, settings: Settings) -> bool:
        """Whether verbs go through an API. A Redis that was named on the command line counts more."""
        return bool(settings.api_url) and not self.flags.get("redis_url")

    def server(self) -> str:
        """Where this command works, as a person would call it; without any password."""
        settings = self.settings()
        if self.works_remotely(settings):
            return settings.api_url
        return settings.masked_url() if settings.redis_url else "the built-in server"

    def _warn_of_production(self, settings: Settings) -> None:
        if settings.production and not settings.redis_url:
            from gopher_cli.embedded.server import production_warning

            self.warn(production_warning(settings) or "")

    def call(self, verb: Callable[[Verbs], Coroutine[Any, Any, T]], *, waits: bool = False) -> T:
        """Run one piece of asynchronous work with the verbs, and close them.

        ``waits`` is for verbs that sleep: they get an event loop, which takes a while to load.
        """
        settings = self.settings()
        if not self.works_remotely(settings):
            return self._beside_redis(verb, waits=waits)
        from gopher_cli.cli.shell.remote_call import call_remotely, warn_of_the_key

        if not self._warned:
            warn_of_the_key(settings, self.warn)
        self._warned = True
        return call_remotely(settings, verb, waits=waits)

    def _beside_redis(self, verb: Callable[[Gopher], Coroutine[Any, Any, T]], *, waits: bool) -> T:
        from gopher_cli import build
        from gopher_cli.actor import ACTOR

        before = ACTOR.set(who_we_are())
        try:
            return build.run_once(self.settings(), verb, waits=waits)
        finally:
            ACTOR.reset(before)

    def rows(self, listing: Listing) -> None:
        """A list of alike things, in the format that was asked for."""
        from gopher_cli.cli.terminal.tables import write_listing

        write_listing(self, listing)

    @property
    def can_ask(self) -> bool:
        """Is there somebody who can answer?"""
        return sys.stdin.isatty() and self.err.isatty()

    def confirm(self, question: str, *, yes: bool, would: str, word: str = "") -> None:
        """Raises Usage where nobody can answer, Declined where the answer is no.

        ``word`` is what must be typed instead of a y, where there is much to lose.
        """
        if yes or assumes_yes():
            return
        if not self.can_ask:
            raise Usage(f"{would}; without a terminal this needs --yes", "add --yes, or --dry-run")
        keys = f'Type "{word}" to go on:' if word else "[y/N]"
        print(f"{question} {keys} ", end="", file=self.err, flush=True)
        if self._answer() not in ((word,) if word else ("y", "yes")):
            raise Declined("nothing was changed")

    def _answer(self) -> str:
        line = ""
        try:
            line = sys.stdin.readline()
        finally:  # Ctrl-C and Ctrl-D leave the cursor behind the question
            if not line.endswith("\n"):
                print(file=self.err, flush=True)
        return line.strip().lower()


def assumes_yes() -> bool:
    """Whether all questions are answered already."""
    return says_yes("GOPHER_ASSUME_YES")


async def pause(seconds: float) -> None:
    """Sleep: in an event loop where there is one, else as a program without one does."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        await asyncio.sleep(seconds)
    else:
        import time

        time.sleep(seconds)  # noqa: ASYNC251


def who_we_are() -> str:
    """As the audit says it: user@host. The user is the system's word, not that of a variable."""
    try:
        import pwd

        name = pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):  # a number without a name, as in many containers
        name = str(os.getuid())
    return f"{name}@{os.uname().nodename}"


def key_without_api() -> Usage:
    """Who gives a key believes that it counts; Redis itself would not look at it."""
    return Usage("--key goes with --api", "leave it out, or name the server: --api URL (GOPHER_API_URL)")


class Declined(Usage):
    """The user said no."""

    exit_code = 1


def check_choice(name: str, value: str | None, known: Iterable[str]) -> None:
    """Raises Usage with a guess for a word that is none of the known ones."""
    known = list(known)
    if value is None or value == "" or value in known:
        return
    from gopher_cli.cli.shell.suggestions import nearest

    near = nearest(value, known)
    guess = f"did you mean {near}?" if near else ""
    raise Usage(f"{name} is {', '.join(known[:-1])} or {known[-1]}, not {safe(value)!r}", guess)
