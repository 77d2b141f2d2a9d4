"""The command tree. A command is one line here, and its module is loaded when it is called."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

from gopher_cli.cli.shell.help_page import write_tree
from gopher_cli.cli.shell.parser import as_given

JOBS, REPAIR, SEE, RUN, SETUP = "Submit", "Repair", "See", "Run", "Set up"


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: its function (``module:function`` in cli/commands/), and its line of help."""

    where: str
    about: str
    section: str
    hidden: bool = False
    alone: str = ""  # of a group: its command that is meant where none is named
    other: str = ""  # of a group: its command that is meant by any other word or option


class CommandGroup(TyperGroup):
    """A group that loads a command when it is called, and not before."""

    entries: ClassVar[dict[str, Entry]] = {}
    alone: ClassVar[str] = ""
    other: ClassVar[str] = ""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.commands = dict.fromkeys(self.entries)  # type: ignore[assignment]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.entries, *ctx.help_option_names):
            word = self._unnamed(ctx, args)
            args = [word, *args] if word else args
        return super().parse_args(ctx, args)

    def _unnamed(self, ctx: Any, args: list[str]) -> str:
        """The command that is meant where none is named; "" where there is none."""
        if args and not args[0].startswith("-"):
            return self.other
        if self.alone and self.other and args:
            params = self.get_command(ctx, self.alone).get_params(ctx)
            known = {name for param in params for name in param.opts}
            if not {arg.partition("=")[0] for arg in args if arg.startswith("-")} <= known:
                return self.other
        return self.alone

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: Any, name: str) -> Any:
        if name not in self.entries:
            return None
        if self.commands[name] is None:
            self.commands[name] = load(name, self.entries[name])
        return self.commands[name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.entries and not args[0].startswith("-") and not ctx.resilient_parsing:
            from gopher_cli.cli.shell.usage_errors import no_such_command  # late: only errors need it

            raise no_such_command(ctx, args[0])
        return super().resolve_command(ctx, args)

    def get_help_option(self, ctx: Any) -> Any:
        return as_given(super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        write_tree(self, ctx, formatter)


def load(name: str, entry: Entry) -> Any:
    """The command behind an entry. A where that is no function is a group of entries."""
    from gopher_cli.cli.shell.command import Command

    module, _, function = entry.where.partition(":")
    command = getattr(import_module(f"gopher_cli.cli.commands.{module}"), function)
    if isinstance(command, dict):
        about = entry.about[0].upper() + entry.about[1:] + "."
        return _group(name, about, command, alone=entry.alone, other=entry.other)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    names = {"help_option_names": ["-h", "--help"]}
    app.command(name, cls=Command, context_settings=names)(command)
    return typer.main.get_command(app)


def _group(
    name: str, about: str, entries: dict[str, Entry], epilog: str = "", *, alone: str = "", other: str = ""
) -> Any:
    tree = type("Tree", (CommandGroup,), {"entries": entries, "alone": alone, "other": other})
    app = typer.Typer(
        name=name, cls=tree, add_completion=False, rich_markup_mode=None, no_args_is_help=True, epilog=epilog,
        context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    app.callback(help=about)(_nothing)
    return typer.main.get_command(app)


def _nothing() -> None:
    pass


EPILOG = """\
Examples:
  gopher submit -t email -p '{"to":"ann@example.com","subject":"Hi","body":"Hello"}'
  gopher worker --concurrency 8
  gopher stats --watch

Exit codes: 0 done · 1 failed · 2 usage · 3 not found · 5 conflict · 65 bad data · 69 Redis is
away · 75 try later · 77 denied · 78 bad setting · 124 waited too long · 130 interrupted"""

ENTRIES = {
    "submit": Entry("submit:submit", "submit a job, or many from a file", JOBS),
    "schedule": Entry("schedule:SCHEDULE", "recurring jobs: define them, and look after them", JOBS),
    "types": Entry("types:types", "the types of jobs that workers know", JOBS),
    "stats": Entry("stats:stats", "depth, speed, times, workers and server", SEE),
    "inspect": Entry("inspect:inspect", "everything about one job", SEE),
    "jobs": Entry("jobs:JOBS", "lists of jobs", SEE),
    "list-failed": Entry("jobs:list_failed", "the dead letter queue", SEE),
    "events": Entry("events:events", "what happens, as it happens; and who did what", SEE),
    "workers": Entry("workers:WORKERS", "who is working, on what; quiet, resume, stop", SEE, alone="ls"),
    "health": Entry("health:health", "does Redis answer, and do workers live", SEE),
    "expect": Entry("expect:EXPECT", "expect jobs to succeed at least so often; ls, show, rm", SEE,
                    alone="ls", other="set"),
    "doctor": Entry("doctor:doctor", "what is wrong, and how to repair it", REPAIR),
    "retry": Entry("retry:retry", "run these jobs again now", REPAIR),
    "retry-all": Entry("retry:retry_all", "run all that failed again now", REPAIR),
    "requeue-dlq": Entry("retry:requeue_dlq", "bring the dead letter queue back, at your pace", REPAIR),
    "cancel": Entry("cancel:cancel", "stop jobs, waiting or running", REPAIR),
    "reschedule": Entry("reschedule:reschedule", "give scheduled and retrying jobs another time", REPAIR),
    "purge": Entry("purge:purge", "delete jobs for good", REPAIR),
    "queue": Entry("queue:QUEUE", "list, pause, resume and remove queues", REPAIR),
    "worker": Entry("worker:worker", "run jobs", RUN),
    "serve": Entry("serve:serve", "the HTTP API and the dashboard", RUN),
    "up": Entry("up:up", "worker and HTTP server in one", RUN),
    "demo": Entry("demo:demo", "see it all at work, in a minute", RUN),
    "embedded": Entry("embedded:EMBEDDED", "the built-in server: status, start, stop", SETUP),
    "keys": Entry("keys:KEYS", "who may use the HTTP API: create, ls, revoke, sign-out-all", SETUP),
    "config": Entry("config:CONFIG", "the settings, and where they come from", SETUP),
    "completion": Entry("completion:completion", "completion for bash, zsh or fish", SETUP),
    "help": Entry("help:help", "a command, or exit-codes, formatting, environment, cron", SETUP),
    "man": Entry("man:man", "the manual page", SETUP),
}  # fmt: skip

TOPICS = ("exit-codes", "formatting", "environment", "cron")  # of `gopher help`, beside the commands


def root() -> Any:
    """The whole program as a command."""
    return _group(
        "gopher", "A job queue and its toolkit, for the command line, on Redis or Valkey.", ENTRIES, EPILOG
    )
