"""gopher schedule import: a crontab becomes schedules and programs; all of it, or nothing."""

from __future__ import annotations

import json
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

from cli.running import Cli, Ran
from cli.world import do
from gopher_cli.gopher import Gopher
from gopher_cli.load_handlers import load_registry
from gopher_cli.model.errors import TryLater

CRONTAB = r"""
# the night
SHELL=/bin/sh
MAILTO=ops@example.com
GREETING="good morning"
0 3 * * *  /opt/backup.sh --full >/var/log/backup.log 2>&1
*/5 * * * * cd /srv/shop && ./poll.py
@daily  tr a-z A-Z%hello 50\% off%it's "quoted"
"""
BAD = "@reboot /opt/start\n61 * * * * /opt/x\n0 3 * * * /opt/good\n"


def take(cli: Cli, text: str, *words: str, **how: bool | int) -> Ran:
    Path("crontab").write_text(text, encoding="utf-8")
    return cli("schedule", "import", "crontab", *words, **how)  # type: ignore[arg-type]


def names(cli: Cli) -> list[str]:
    return [row.name for row in do(cli, lambda gopher: gopher.schedules())]


def programs(cli: Cli, text: str, *words: str) -> dict[str, str]:
    ran = take(cli, text, "--print-exec", *words)
    assert ran.code == 0, ran.err
    table: dict[str, str] = tomllib.loads(ran.out)["exec"]
    return table


def outcome(program: str, payload: bytes = b"{}") -> str:
    """What a worker would run, with the payload of the job on its stdin."""
    done = subprocess.run(shlex.split(program), input=payload, capture_output=True, check=True)
    return done.stdout.decode()


def test_it_says_line_by_line_what_would_be_and_does_nothing(cli: Cli) -> None:
    ran = take(cli, CRONTAB, "--tz", "Europe/Berlin")

    assert ran.code == 0 and names(cli) == []
    head, *rows = [line.split("\t") for line in ran.lines]
    assert head[:6] == ["LINE", "NAME", "OUTCOME", "WHEN", "NEXT", "COMMAND"]
    assert [row[:4] for row in rows] == [
        ["6", "backup", "would be created", "every day at 03:00, Europe/Berlin"],
        ["7", "poll", "would be created", "every 5 minutes, Europe/Berlin"],
        ["8", "tr", "would be created", "every day at 00:00, Europe/Berlin"],
    ]
    assert "line 4: MAILTO: no mail is sent" in ran.err and "--apply" in ran.err


def test_applied_it_makes_schedules_that_act_as_cron_does(cli: Cli) -> None:
    ran = take(cli, CRONTAB, "--apply", "--tz", "Europe/Berlin", "-Q", "cron")

    assert ran.code == 0 and names(cli) == ["backup", "poll", "tr"]
    assert "take these lines out of the crontab" in ran.err
    schedule = do(cli, lambda gopher: gopher.schedule_row("tr", "cron")).schedule
    assert schedule.spec.type == "cron-tr" and schedule.when.tz == "Europe/Berlin"
    assert json.loads(bytes(schedule.spec.payload)) == 'hello 50% off\nit\'s "quoted"\n'
    assert (schedule.spec.max_retries, schedule.spec.timeout) == (0, 86_400.0)


def test_the_same_again_changes_nothing(cli: Cli) -> None:
    take(cli, CRONTAB, "--apply")

    before, ran = take(cli, CRONTAB), take(cli, CRONTAB, "--yes", "-o", "json")

    assert [line.split("\t")[2] for line in before.lines[1:]] == ["unchanged"] * 3
    assert [one["outcome"] for one in json.loads(ran.out)] == ["unchanged"] * 3
    later = take(cli, CRONTAB.replace("0 3 *", "0 4 *"))
    assert [line.split("\t")[2] for line in later.lines[1:]] == ["would be changed", *["unchanged"] * 2]


def test_workers_take_the_programs_that_it_prints(cli: Cli) -> None:
    table = programs(cli, CRONTAB)

    assert list(table) == ["cron-backup", "cron-poll", "cron-tr"]
    handler = load_registry("", programs=table.items()).get("cron-backup")
    assert handler and handler.command[1] == "-c" and "/opt/backup.sh --full" in handler.command[2]


def test_a_very_long_command_is_one_too(cli: Cli) -> None:
    table = programs(cli, f"@daily echo {'x' * 5000} ./a.b\n")

    assert load_registry("", programs=table.items()).get("cron-echo")


def test_a_command_gets_its_input_its_variables_and_its_directory(cli: Cli, tmp_path: Path) -> None:
    lines = [
        f"HOME={tmp_path}",
        'GREETING=it\'s "fine"',
        "* * * * * pwd; echo $GREETING; cat",
        "* * * * * cat; echo '100\\%' # done%one%two",
    ]
    table = programs(cli, "\n".join(lines))

    first, second = table.values()
    assert outcome(first) == f'{tmp_path}\nit\'s "fine"\n'
    assert outcome(second, json.dumps("one\ntwo\n").encode()) == "one\ntwo\n100%\n"


@pytest.mark.parametrize("shell", ["/bin/bash", "/usr/bin/fish", "/usr/bin/python3"])
def test_a_command_runs_in_the_shell_of_its_crontab(cli: Cli, shell: str) -> None:
    if not Path(shell).exists():
        pytest.skip(f"there is no {shell} here")
    command = "import os, sys; print(os.environ['A'], sys.stdin.read())"
    line = command if "python" in shell else 'echo "$A"; cat'

    (program,) = programs(cli, f"SHELL={shell}\nA=1 2\n@daily {line}\n").values()
    assert outcome(program).split() == ["1", "2"]


def test_a_hostile_command_does_nothing_to_a_terminal_and_stays_what_it_is(cli: Cli) -> None:
    command = "echo '\x1b]0;title\x07 \x7f \u202e \x9b \U000e0001 \u00e9'"

    (program,) = programs(cli, f"@daily {command}\n").values()
    assert program == f"sh -c {shlex.quote(f'exec </dev/null; cd; {command}')}"
    for words in ([], ["--print-exec"]):
        shown = take(cli, f"@daily {command}\n", "--color", "never", *words, tty=True).out
        assert not set(shown) & set("\x1b\x07\x7f\u202e\x9b\U000e0001")


def test_lines_with_the_same_command_share_a_program(cli: Cli) -> None:
    table = programs(cli, "0 3 * * * /opt/x\n0 4 * * * /opt/x\n")

    assert len(table) == 1


def test_what_cannot_be_taken_is_told_by_its_line_and_stops_all(cli: Cli) -> None:
    for words in ([], ["--apply"], ["--print-exec"]):
        ran = take(cli, BAD, *words)

        assert ran.code == 65 and names(cli) == []
        assert "line 1: @reboot" in ran.err and "line 2: the minute '61'" in ran.err
        assert "2 lines cannot be taken" in ran.err and "--skip-bad" in ran.err


def test_lines_that_cannot_be_taken_may_be_left_out(cli: Cli) -> None:
    ran = take(cli, BAD, "--apply", "--skip-bad")

    assert ran.code == 0 and names(cli) == ["good"] and "line 2" in ran.err


def test_where_one_fails_nothing_is_left_of_the_others(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Gopher.set_schedule

    async def full(gopher: Gopher, name: str | None, *args: object, **options: object) -> object:
        if name == "tr":
            raise TryLater("the memory is full")
        return await whole(gopher, name, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Gopher, "set_schedule", full)
    ran = take(cli, CRONTAB, "--apply")

    assert ran.code == 75 and names(cli) == []


def test_a_schedule_from_elsewhere_is_not_overwritten(cli: Cli) -> None:
    cli("schedule", "set", "poll", "-t", "poll", "--every", "30s")

    for words in ([], ["--apply"]):
        ran = take(cli, CRONTAB, *words)
        assert ran.code == 5 and "poll" in ran.err and "--prefix" in ran.err and names(cli) == ["poll"]
    assert take(cli, CRONTAB, "--apply", "--prefix", "old-").code == 0
    assert names(cli) == ["old-backup", "old-poll", "old-tr", "poll"]
    assert "cron-old-poll" in programs(cli, CRONTAB, "--prefix", "old-")


def test_a_column_of_users_is_noticed_and_taken(cli: Cli) -> None:
    text = "0 3 * * * root /opt/x\n"

    assert take(cli, text).code == 2 and "--users" in take(cli, text).err
    ran = take(cli, text, "--users", "--apply")
    assert ran.code == 0 and "root ran it" in ran.err and names(cli) == ["x"]


@pytest.mark.parametrize(
    ("given", "zone"),
    [({"TZ": "Asia/Tokyo"}, "Asia/Tokyo"), ({"SCHEDULE_TIMEZONE": "Europe/Rome"}, "Europe/Rome"),
     ({"TZ": "Etc/UTC"}, "UTC")],
)  # fmt: skip
def test_times_are_those_of_this_machine_unless_a_setting_says_another(
    cli: Cli, given: dict[str, str], zone: str
) -> None:
    cli.env |= given

    assert json.loads(take(cli, "0 3 * * * /opt/x\n", "-o", "json").out)[0]["tz"] == zone


def test_stdin_is_a_crontab_too(cli: Cli) -> None:
    ran = cli("schedule", "import", "-", "-q", stdin="0 3 * * * /opt/x\n")

    assert (ran.code, ran.out, ran.err) == (0, "x\n", "")


def test_a_terminal_shows_the_table_that_workers_need(cli: Cli) -> None:
    ran = take(cli, CRONTAB, tty=True)

    assert "would be created" in ran.out and "\n[exec]\ncron-backup = " in ran.out


def test_an_empty_crontab_is_no_error(cli: Cli) -> None:
    ran = take(cli, "# nothing\n", "--apply", tty=True)

    assert ran.code == 0 and "nothing to take over" in ran.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere"], 3, "there is no file nowhere"),
        (["crontab", "--tz", "Mars/Olympus"], 65, "--tz: 'Mars/Olympus'"),
        (["crontab", "--apply", "--dry-run"], 2, "--apply and --dry-run"),
        (["crontab", "--retries", "many"], 2, "--retries"),
        (["crontab", "--timeout", "60d"], 2, "a timeout is from"),
        (["crontab", "--catchup", "all:3"], 65, "overlap all"),
        (["crontab", "--prefix", "a b"], 2, "the name"),
    ],
)
def test_what_makes_no_sense_is_refused(cli: Cli, words: list[str], code: int, said: str) -> None:
    Path("crontab").write_text(CRONTAB, encoding="utf-8")
    ran = cli("schedule", "import", *words)

    assert ran.code == code and said in ran.err and names(cli) == []
