"""What a wrong word is answered with: the command that was meant, and never one that destroys."""

from __future__ import annotations

import re

import pytest

from cli.running import Cli
from gopher_cli.cli.commands.help import TOPICS
from gopher_cli.cli.shell import suggestions
from gopher_cli.cli.shell.command_tree import places

FLAGS = {place.path: [name for flag in place.flags for name in flag.names] for place in places()}
HINTS = [(path, said) for path, by_word in suggestions._COMMANDS.items() for said in by_word.values()]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("pause mail", "gopher queue pause QUEUE"),
        ("resume mail", "gopher queue resume QUEUE"),
        ("ps", "gopher workers, or gopher stats --watch"),
        ("enqueue", "gopher submit"),
        ("add", "gopher submit"),
        ("push", "gopher submit"),
        ("status", "gopher stats"),
        ("info", "gopher stats"),
        ("queues", "gopher queue ls"),
        ("dlq", "gopher list-failed"),
        ("logs", "of a job: gopher inspect ID"),
        ("follow", "gopher events --follow"),
        ("cron", "gopher schedule set NAME -t TYPE --cron"),
        ("crontab", "gopher schedule set NAME -t TYPE --cron"),
        ("schedules", "gopher schedule ls"),
        ("schedule list", "gopher schedule ls"),
        ("schedule add", "gopher schedule set"),
        ("schedule delete", "gopher schedule rm"),
        ("schedule trigger", "gopher schedule run"),
        ("requeue", "gopher retry ID"),
        ("restart", "gopher retry ID"),
        ("rm", "to stop a job: gopher cancel ID"),
        ("delete", "to stop a job: gopher cancel ID"),
        ("kill", "to stop a job: gopher cancel ID"),
        ("puase", "gopher queue pause QUEUE"),
        ("stast", "did you mean gopher stats?"),
        ("queue list", "gopher queue ls"),
        ("queue help pause", "gopher help queue [COMMAND]"),
        ("workers pause web-3", "gopher workers quiet WORKER"),
        ("workers kill web-3", "gopher workers stop WORKER"),
        ("jobs show x", "gopher inspect ID"),
        ("worker start", "gopher worker starts it"),
        ("stats mail", "gopher stats -Q mail"),
        ("submit email", "did you mean -t email?"),
        ("submit -t x --delay 5s", "did you mean --in?"),
        ("submit -t x --max-attempts 5", "did you mean --retries?"),
        ("worker --workers 5", "did you mean --concurrency?"),
        ("--api http://x stats", "options stand behind the command: gopher stats --api http://x"),
    ],
)
def test_a_word_of_another_tool_is_answered_with_ours(cli: Cli, typed: str, meant: str) -> None:
    ran = cli(*typed.split())

    assert ran.code == 2
    assert f"hint: {meant}" in ran.err or f"hint: for a queue: {meant}" in ran.err


@pytest.mark.parametrize("typed", ["purg", "pruge", "cancl", "queue rmm", "keys revok", "embedded stp"])
def test_a_typo_leads_to_no_command_that_changes_many_jobs(cli: Cli, typed: str) -> None:
    ran = cli(*typed.split())

    assert (ran.code, "--help" in ran.err, "did you mean" in ran.err) == (2, True, False)


@pytest.mark.parametrize("typed", ["--forc", "--ye"])
def test_a_typo_leads_to_no_option_that_answers_questions(cli: Cli, typed: str) -> None:
    assert "did you mean" not in cli("purge", "--state", "failed", typed).err


@pytest.mark.parametrize(("path", "said"), HINTS, ids=lambda value: value[:20])
def test_what_a_hint_names_is_there(path: str, said: str) -> None:
    for command in re.findall(r"gopher(?: [a-z][a-z-]*)+(?: --?[a-z-]+)*", said):
        if command.startswith(("gopher help", "gopher --version")):
            continue
        words, _, options = command.partition(" -")
        known = next(words.removesuffix(rest) for rest in ("", " bash") if words.removesuffix(rest) in FLAGS)
        assert all(f"-{one}" in FLAGS[known] for one in options.split(" -") if one)


def test_an_option_that_is_offered_is_there() -> None:
    offered = {option for options in suggestions._OPTIONS.values() for option in options.split()}
    assert offered <= {name for names in FLAGS.values() for name in names}


def test_no_word_means_two_things() -> None:
    for table in (*suggestions._COMMANDS.values(), suggestions._OPTIONS):
        words = [word for words in table for word in words.split()]
        assert len(words) == len(set(words))


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_has_a_page(cli: Cli, topic: str) -> None:
    assert cli("help", topic).lines[0].lower() == topic.replace("-", " ")


def test_help_shows_the_page_of_a_command(cli: Cli) -> None:
    assert cli("help", "queue", "pause").out == cli("queue", "pause", "--help").out
    assert cli("help").out == cli("--help").out


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("enqueue", "gopher submit"),
        ("exit-code", "did you mean gopher help exit-codes?"),
        ("queue pauze", "did you mean gopher help queue pause?"),
        ("nonsense", "topics: exit-codes"),
    ],
)
def test_help_on_what_is_not_there_says_what_is(cli: Cli, typed: str, hint: str) -> None:
    ran = cli("help", *typed.split())

    assert ran.code == 2 and f"hint: {hint}" in ran.err


def test_the_page_of_exit_codes_has_those_of_all_errors(cli: Cli) -> None:
    from gopher_cli.model import errors

    codes = {
        one.exit_code for one in vars(errors).values() if isinstance(one, type) and hasattr(one, "exit_code")
    }
    said = cli("help", "exit-codes").out
    assert all(re.search(rf"^ +{code}  ", said, re.MULTILINE) for code in codes)
