"""What was perhaps meant: what people of other tools type, then what is alike. Only errors load it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

_LIKE = 0.75  # of 1: two letters that were swapped in a word of four; "pause" is not like "purge"
# Nobody is led to these by a typo. Options that answer a question before it is asked are among them.
_NEVER = frozenset(
    {"purge", "cancel", "rm", "revoke", "sign-out-all", "stop", "retry-all", "requeue-dlq", "yes", "force"}
)

_SUBMIT = "gopher submit -t TYPE KEY=TEXT ..."
_PAUSE, _RESUME = "gopher queue pause QUEUE", "gopher queue resume QUEUE"
_INSPECT, _LOG = (
    "gopher inspect ID",
    "of a job: gopher inspect ID; of all as they run: gopher events --follow",
)
_PURGE = "gopher help purge"
_CANCEL = f"to stop a job: gopher cancel ID; to delete jobs for good: {_PURGE}"
_AGAIN = "gopher retry ID; for the dead letter queue: gopher list-failed, then gopher help requeue-dlq"
_LATER = "gopher submit --in 10m, or --at TIME; gopher reschedule ID --in 2h"
_CRON = "gopher schedule set NAME -t TYPE --cron '0 3 * * *'; of a whole crontab: gopher schedule import FILE"
_HALT = f"a queue: {_PAUSE}; a job: gopher cancel ID; a worker: Ctrl-C, or SIGTERM"
_ABOUT = "gopher stats; of queues: gopher queue ls; of one job: gopher inspect ID"

# By what is typed; several words mean the same.
_COMMANDS = {
    "gopher": {
        "pause hold suspend freeze quiet": _PAUSE,
        "resume unpause continue unfreeze": _RESUME,
        "stop halt shutdown terminate quit": _HALT,
        "ps top who nodes clients status-workers": "gopher workers, or gopher stats --watch",
        "ls list jobs-list list-jobs job find search query": "gopher jobs ls",
        "rm delete del remove kill abort discard drop destroy forget": _CANCEL,
        "clear clean empty flush truncate wipe prune reset": _PURGE,
        "enqueue add push send put new create publish produce dispatch perform apply": _SUBMIT,
        "bulk import load batch submit-batch": "gopher submit --batch FILE",
        "status info state": _ABOUT,
        "count counts size len depth length metrics summary overview dashboard-stats": "gopher stats",
        "monitor watch": "gopher stats --watch",
        "queues queue-list list-queues": "gopher queue ls",
        "dlq dead dead-letter deadletter dead-letters failed failures errors morgue": "gopher list-failed",
        "log logs": _LOG,
        "follow tail stream listen subscribe event": "gopher events --follow",
        "audit history": "gopher events --audit; of one job: gopher inspect ID",
        "show get describe cat view details job-info peek": _INSPECT,
        "result results wait await output": "gopher inspect ID --wait",
        "cron crontab scheduler beat recurring recurrence periodic every repeat": _CRON,
        "schedules timers": "gopher schedule ls",
        "backfill": "gopher schedule backfill NAME --from TIME --to TIME",
        "delay later postpone snooze defer at": _LATER,
        "requeue rerun replay redo restart retry-job retrying again revive recover": _AGAIN,
        "start run work consume process consumer work-on dequeue": "gopher worker",
        "server web api dashboard ui http listen-http": "gopher serve",
        "check ping healthcheck alive ready": "gopher health",
        "diagnose repair fix fsck verify": "gopher doctor",
        "task tasks handlers handler kinds registered": "gopher types",
        "env settings setting configure configuration": "gopher config show, gopher help environment",
        "key token tokens login auth apikey": "gopher keys",
        "completions autocomplete": "gopher completion bash, zsh or fish",
        "version": "gopher --version",
        "export dump": "gopher jobs ls -o ndjson",
        "redis valkey": "gopher embedded status",
    },
    "gopher queue": {
        "list show status info stats": "gopher queue ls",
        "stop hold suspend freeze": _PAUSE,
        "unpause continue start unfreeze": _RESUME,
        "delete del remove drop destroy": "gopher queue rm QUEUE, for one that has no jobs",
        "purge clear clean empty flush drain truncate": _PURGE,
        "create add new make": "a queue is there with its first job: gopher submit -Q QUEUE",
    },
    "gopher schedule": {
        "list all": "gopher schedule ls",
        "add create new make define put update edit change register": "gopher schedule set SCHEDULE",
        "delete del remove drop destroy unset cancel": "gopher schedule rm SCHEDULE",
        "stop hold suspend disable freeze off": "gopher schedule pause SCHEDULE --reason WHY",
        "unpause enable start continue unfreeze on": "gopher schedule resume SCHEDULE",
        "trigger now fire execute kick": "gopher schedule run SCHEDULE",
        "preview when upcoming explain check test": "gopher schedule next --cron EXPR --tz ZONE",
        "log logs runs ticks last": "gopher schedule history SCHEDULE",
        "load crontab read migrate": "gopher schedule import FILE",
        "get describe inspect status info view": "gopher schedule show SCHEDULE",
        "catchup catch-up redo rerun": "gopher schedule backfill SCHEDULE --from TIME --to TIME",
    },
    "gopher workers": {
        "list ps show status": "gopher workers ls",
        "pause hold suspend freeze drain": "gopher workers quiet WORKER",
        "unpause continue unfreeze start": "gopher workers resume WORKER; a new one: gopher worker",
        "kill rm delete shutdown terminate quit halt": "gopher workers stop WORKER",
    },
    "gopher jobs": {
        "list all": "gopher jobs ls",
        "show get inspect info status describe log logs": _INSPECT,
        "rm delete del remove kill cancel stop": _CANCEL,
        "retry requeue rerun": _AGAIN,
        "add submit create new enqueue push": _SUBMIT,
        "failed dead dlq": "gopher list-failed",
    },
    "gopher keys": {"list": "gopher keys ls", "add new make": "gopher keys create",
                    "rm delete del remove": "gopher keys revoke ID"},
    "gopher config": {"list ls get view print": "gopher config show",
                      "file files where": "gopher config path"},
    "gopher embedded": {"info show": "gopher embedded status", "run up": "gopher embedded start"},
}  # fmt: skip

# Commands that only look, or run: what stands behind them is perhaps the name of a queue.
_BY_QUEUE = ("gopher stats", "gopher list-failed", "gopher jobs ls", "gopher events", "gopher worker")

# By what is typed: the first of these options of ours that the command has.
_OPTIONS = {
    "in delay countdown wait-for defer after-seconds": "--in",
    "cron-expression expression expr crontab": "--cron",
    "period seconds each repeat": "--every",
    "interval": "--watch --every",
    "schedule when": "--at --cron",
    "timezone time-zone zone": "--tz",
    "start begin starts since start-date": "--from",
    "end stop ends expires end-date": "--until",
    "max-runs limit runs": "--times",
    "concurrency-policy concurrent": "--overlap",
    "catch-up missed misfire": "--catchup",
    "why because comment note": "--reason",
    "at eta run-at execute-at scheduled-at not-before": "--at",
    "data body args kwargs json-payload message arg params input-json": "--payload",
    "name task task-name job job-type kind class handler": "--type",
    "max-retries retry attempts max-attempts tries max-tries": "--retries",
    "unique-key dedupe dedup idempotency-key unique-id": "--unique",
    "job-id jid task-id uuid": "--id",
    "depends depends-on parent requires": "--after",
    "file from-file input jobs-file bulk": "--batch",
    "label labels tags": "--tag",
    "queues queue-name": "--queue",
    "workers threads jobs parallel max-workers": "--concurrency",
    "procs num-processes": "--processes",
    "format out": "--output",
    "count max num top head first": "--limit",
    "status states": "--state",
    "refresh f follow": "--watch",
    "w watch tail": "--follow",
    "url redis broker host redis-uri": "--redis-url",
    "server endpoint api-url": "--api",
    "api-key token": "--key",
    "verbose v traceback": "--debug",
    "import module A include": "--app",
    "once drain": "--burst",
    "grace-period shutdown-timeout": "--grace",
    "before older age": "--older-than",
    "match filter query grep": "--search",
}
_BY_OPTION = {word: options.split() for words, options in _OPTIONS.items() for word in words.split()}


def command_hint(path: str, typed: str, known: Iterable[str], before: str = "gopher") -> str:
    """What to type instead of a command that ``path`` does not have; empty where nothing is known.

    ``before`` is what is typed in the place of "gopher" alone.
    """
    word = typed.lower().replace("_", "-")
    if word == "help":
        return " ".join(("gopher help", *path.split()[1:], "[COMMAND]"))
    meant = {one: said for words, said in _COMMANDS.get(path, {}).items() for one in words.split()}
    if word in meant:
        return meant[word]
    if near := nearest(word, known):
        return f"did you mean {' '.join((before, *path.split()[1:], near))}?"
    return meant.get(nearest(word, [one for one, hint in meant.items() if hint not in (_PURGE, _CANCEL)]), "")


def argument_hint(path: str, typed: str) -> str:
    """What to type instead of an argument that the command does not take; empty where nothing is known."""
    if path in ("gopher worker", "gopher serve", "gopher up") and typed in ("start", "run", "up", "stop"):
        return f"{path} starts it, and Ctrl-C (SIGTERM) stops it"
    if path in _BY_QUEUE:
        return f"for a queue: {path} -Q {typed}"
    return ""


def option_hint(typed: str, known: Sequence[str]) -> str:
    """Which of the options of a command was perhaps meant."""
    word = typed.lstrip("-")
    meant = _BY_OPTION.get(word if len(word) == 1 else word.lower().replace("_", "-"), [])
    return next((option for option in meant if option in known), "") or nearest(typed, known)


def nearest(typed: str, known: Iterable[str]) -> str:
    """The one that is most like it, if any is; dashes in front do not count."""
    names = {name.lstrip("-"): name for name in known}
    near = difflib.get_close_matches(typed.lstrip("-"), [n for n in names if n not in _NEVER], 1, _LIKE)
    return names[near[0]] if near else ""
