"""Crontabs as people and systems write them, read as cron reads them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gopher_cli.model.job.ids import VALID_NAME
from gopher_cli.model.schedule.cron import parse_cron
from gopher_cli.model.schedule.crontab import Crontab, CrontabEntry, parse_crontab


def entry(line: str, **options: str | bool) -> CrontabEntry:
    crontab = parse_crontab(line, **options)
    assert not crontab.problems
    return crontab.entries[-1]


def problem(line: str | bytes, **options: str | bool) -> str:
    crontab = parse_crontab(line, **options)
    assert not crontab.entries and len(crontab.problems) == 1
    return crontab.problems[0].why


SYSTEM = r"""# /etc/crontab: system-wide crontab
SHELL=/bin/sh
# You can also override PATH, but by default, newer versions inherit it from the environment
#PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

17 *	* * *	root	cd / && run-parts --report /etc/cron.hourly
25 6	* * *	root	test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
52 6	1 * *	www-data	/usr/bin/report  --month
"""


def test_the_crontab_of_a_system_has_a_column_of_users() -> None:
    crontab = parse_crontab(SYSTEM, users=True)
    assert [(e.number, e.cron, e.user, e.name) for e in crontab.entries] == [
        (6, "17 * * * *", "root", "run-parts-cron.hourly"),
        (7, "25 6 * * *", "root", "run-parts-cron.daily"),
        (8, "52 6 1 * *", "www-data", "report"),
    ]
    assert crontab.entries[2].command == "/usr/bin/report  --month", "a command is left as it is"
    assert all(e.environment == {"SHELL": "/bin/sh"} and e.zone == "UTC" for e in crontab.entries)
    assert not crontab.problems and not crontab.names_users
    assert parse_crontab(SYSTEM).names_users, "who forgets the option can be told"


def test_a_user_that_is_none_is_a_problem_and_not_a_command() -> None:
    assert problem("0 3 * * * /opt/backup --all", users=True) == (
        "'/opt/backup' is not a user: is there a column of users?"
    )
    assert problem("0 3 * * * root", users=True) == "there is no command"
    assert entry("@daily svc$ run", users=True).user == "svc$"


def test_comments_and_blank_lines_are_nothing_but_a_comment_behind_a_command_belongs_to_it() -> None:
    crontab = parse_crontab("\n  \n\t\n# a\n  # b\n0 3 * * * run # not a comment\n")
    assert [e.command for e in crontab.entries] == ["run # not a comment"]
    assert (crontab.variables, crontab.problems) == ((), ())
    assert parse_crontab("") == parse_crontab(b"") == Crontab(entries=(), variables=(), problems=())


def test_lines_may_end_as_windows_ends_them_and_hold_tabs_and_spaces_around() -> None:
    crontab = parse_crontab(b"\xef\xbb\xbfA=1 \t\r\n \t0\t3  * * *\t run it \r\n")
    assert crontab.entries[0].cron == "0 3 * * *" and crontab.entries[0].command == "run it"
    assert crontab.entries[0].environment == {"A": "1"}


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("A=1", "A", "1"), ("A = 1 2 ", "A", "1 2"), ("A=", "A", ""), ("  A\t=\t1", "A", "1"),
        ("A=' 1 '", "A", " 1 "), ('A=" it\'s "', "A", " it's "), ('"A"=1', "A", "1"), ("'A' = 1", "A", "1"),
        ("A=$HOME/bin # x", "A", "$HOME/bin # x"), ("A=b=c", "A", "b=c"), ('A=""', "A", ""),
        ("PATH=/bin:/usr/bin", "PATH", "/bin:/usr/bin"), ("A=ü", "A", "ü"), ("A=x'y'", "A", "x'y'"),
        ("A=100%", "A", "100%"),
    ],
)  # fmt: skip
def test_a_variable_is_set_for_the_lines_below(line: str, name: str, value: str) -> None:
    crontab = parse_crontab(f"0 1 * * * before\n{line}\n0 2 * * * after")
    assert [(v.number, v.name, v.value) for v in crontab.variables] == [(2, name, value)]
    before, after = crontab.entries
    assert before.environment == {} and after.environment == {name: value}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("A='1", "its value does not end where its quotes do"),
        ("A='1' x", "its value does not end where its quotes do"),
        ("A='1' '2'", "its value does not end where its quotes do"),
        ("1A=x", "'1A' is not the name of a variable"),
        ("A-B=x", "'A-B' is not the name of a variable"),
        ("''=x", "'' is not the name of a variable"),
        ("ä=x", "'ä' is not the name of a variable"),
    ],
)
def test_a_variable_that_is_none_is_a_problem(line: str, why: str) -> None:
    assert problem(line) == why


def test_what_we_do_otherwise_than_cron_is_said_beside_the_variable() -> None:
    notes = {
        v.name: v.note for v in parse_crontab("MAILTO=a\nSHELL=/bin/bash\nRANDOM_DELAY=5\nB=1").variables
    }
    assert notes == {
        "MAILTO": "no mail is sent: the output of a job is in its log", "SHELL": "", "B": "",
        "RANDOM_DELAY": "not taken: give the schedule a jitter",
    }  # fmt: skip
    assert parse_crontab('MAILTO=""').variables[0].note == "", "who wants none gets none"


def zones(text: str, zone: str = "UTC") -> list[str]:
    return [entry.zone for entry in parse_crontab(text, zone=zone).entries]


def test_a_time_zone_counts_for_the_lines_below_it() -> None:
    text = "0 1 * * * a\nCRON_TZ=Europe/Berlin\n0 1 * * * b\nCRON_TZ=Asia/Tokyo\n0 1 * * * c"
    assert zones(text, "America/New_York") == ["America/New_York", "Europe/Berlin", "Asia/Tokyo"]
    assert parse_crontab(text).entries[2].environment == {}, "it is for cron, not for commands"


def test_tz_is_a_time_zone_too_and_stays_in_the_environment() -> None:
    crontab = parse_crontab("TZ=:Europe/Berlin\n0 1 * * * a")
    assert crontab.entries[0].zone == "Europe/Berlin"
    assert crontab.entries[0].environment == {"TZ": ":Europe/Berlin"}
    assert crontab.variables[0].note.startswith("a time zone of its times, too")


def test_cron_tz_wins_over_tz_whatever_their_order() -> None:
    assert zones("CRON_TZ=Asia/Tokyo\nTZ=Europe/Berlin\n0 1 * * * a") == ["Asia/Tokyo"]
    assert zones("TZ=Europe/Berlin\nCRON_TZ=Asia/Tokyo\n0 1 * * * a") == ["Asia/Tokyo"]


def test_below_a_time_zone_that_is_not_known_nothing_is_taken_until_the_next_one() -> None:
    text = "CRON_TZ=Mars/Olympus\n0 1 * * * a\n0 2 * * * b\nCRON_TZ=UTC\n0 3 * * * c"
    crontab = parse_crontab(text)
    assert [e.command for e in crontab.entries] == ["c"]
    assert [(p.number, p.why) for p in crontab.problems] == [
        (1, "'Mars/Olympus' is not a time zone here; write it like Europe/Berlin"),
        (2, "its time zone 'Mars/Olympus', set above, is not known here"),
        (3, "its time zone 'Mars/Olympus', set above, is not known here"),
    ]


def test_a_tz_that_is_not_known_here_is_for_commands_alone() -> None:
    crontab = parse_crontab("TZ=CET-1CEST\n0 1 * * * a", zone="Asia/Tokyo")
    assert crontab.entries[0].zone == "Asia/Tokyo" and crontab.entries[0].environment == {"TZ": "CET-1CEST"}
    assert crontab.variables[0].note == "not a time zone here: times stay those of Asia/Tokyo"


def test_the_zone_that_counts_without_a_line_must_be_known() -> None:
    with pytest.raises(ValueError, match="is not a time zone here"):
        parse_crontab("", zone="Mars/Olympus")


def test_an_alias_is_taken_and_reboot_is_no_time() -> None:
    assert entry("@daily\trun it").cron == "@daily"
    assert entry("@Weekly run").cron == "@Weekly"
    assert entry("-*/5 * * * * run").cron == "*/5 * * * *", "the sign of SUSE for no log"
    assert problem("@reboot run") == "@reboot is not a time: start it with the machine, as a service"
    assert problem("@every_minute run").startswith("'@every_minute' is not known; there are @hourly")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("61 * * * * run", "the minute '61' is not valid: it takes 0-59"),
        ("0 0 31 2 * run", "'0 0 31 2 *' never matches: no date is such a day"),
        ("0 3 * * run", "the day of week 'run' is not valid"),
        ("0 3 * *", "'0 3 * *' has 4 fields, not five"),
        ("run", "'run' has 1 field, not five"),
        ("0 3 * * *", "there is no command"), ("0 3 * * *   ", "there is no command"),
        ("0 3 * * * %input", "there is no command"), ("@daily", "there is no command"),
        ("0 3 * * * a\0b", "it has a NUL byte"),
        ("0~59 3 * * * run", "the minute '0~59' is not valid: a value of the schedule's own"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_taken_says_why_and_others_go_on(line: str, why: str) -> None:
    crontab = parse_crontab(f"0 1 * * * a\n{line}\n0 2 * * * b")
    assert [e.command for e in crontab.entries] == ["a", "b"]
    assert [p.number for p in crontab.problems] == [2] and crontab.problems[0].why.startswith(why)


@pytest.mark.parametrize(
    ("written", "command", "input"),
    [
        ("date +\\%F", "date +%F", ""),
        ("mail root%Hello,%%it ran.", "mail root", "Hello,\n\nit ran.\n"),
        ("cat%a\\%b%", "cat", "a%b\n"),
        ("cat%", "cat", ""),
        ("cat %%", "cat", "\n"),
        ("cat%a\\b", "cat", "a\\b\n"),
        ("echo a\\\\%b", "echo a\\\\", "b\n"),
        ("echo a\\\\\\%b", "echo a\\\\%b", ""),
        ("echo \\n\\", "echo \\n\\", ""),
        ("echo \"50\\%\" | awk '{print $1}'", "echo \"50%\" | awk '{print $1}'", ""),
    ],
)
def test_a_percent_sign_ends_the_command_and_the_lines_of_its_input(
    written: str, command: str, input: str
) -> None:
    found = entry(f"0 3 * * * {written}")
    assert (found.command, found.input) == (command, input)


def test_what_is_not_utf_8_is_a_problem_of_its_line_alone() -> None:
    crontab = parse_crontab(
        b"# gr\xfc\xdfe\n0 1 * * * a\n0 2 * * * gr\xfc\xdfe\n0 3 * * * gr\xc3\xbc\xc3\x9fe"
    )
    assert [e.command for e in crontab.entries] == ["a", "grüße"]
    assert [(p.number, p.text, p.why) for p in crontab.problems] == [
        (3, "0 2 * * * gr\\xfc\\xdfe", "byte 13 is not UTF-8: save the file as UTF-8")
    ]
    assert parse_crontab("0 2 * * * \udcff").problems[0].why == "byte 11 is not UTF-8: save the file as UTF-8"


def test_only_a_newline_ends_a_line() -> None:
    crontab = parse_crontab("0 3 * * * a\x0bb\x85c\u2028d\x1ce\rf")
    assert [e.command for e in crontab.entries] == ["a\x0bb\x85c\u2028d\x1ce\rf"]


def test_a_long_line_is_taken_as_long_as_cron_takes_it() -> None:
    assert len(entry("0 3 * * * " + "x" * 131_000).command) == 131_000
    crontab = parse_crontab("0 3 * * * " + "x" * 131_072)
    assert crontab.problems[0].why == "a line has at most 131072 bytes"
    assert len(crontab.problems[0].text) < 100


@pytest.mark.parametrize("data", [b"#" * 1_048_577, b"\n" * 10_000])
def test_what_is_no_crontab_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="a crontab has at most 1 MB and 10000 lines"):
        parse_crontab(data)


HOSTILE = [
    "0 3 * * * " + "\"'" * 60_000, "0 3 * * * " + "\\" * 130_000, "0 3 * * * " + "%" * 130_000,
    "0 3 * * * " + "sudo " * 26_000, "0 3 * * * " + "A=1 " * 32_000, "0 3 * * * " + ";&|" * 40_000,
    "A=" * 60_000, "A='" + "\"'" * 60_000, '"' * 130_000, " " * 130_000 + "x", "=" * 130_000, "0 " * 60_000,
    "*/5 " * 30_000, "@" * 130_000, "0 3 * * * '" + "a" * 130_000, "CRON_TZ=" + "x" * 130_000,
]  # fmt: skip


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_lines_cost_no_time(line: str) -> None:
    begin = time.process_time()
    crontab = parse_crontab(line)
    assert time.process_time() - begin < 0.5
    assert all(len(p.why) < 400 and len(p.text) < 100 for p in crontab.problems)


def test_a_full_file_costs_no_time_and_its_names_differ() -> None:
    begin = time.process_time()
    crontab = parse_crontab("0 3 * * * run\n" * 9_999)
    assert time.process_time() - begin < 2
    assert len({entry.name for entry in crontab.entries}) == 9_999


LINE = st.one_of(
    st.text(max_size=60),
    st.builds("{} {}".format, st.sampled_from(["0 3 * * *", "@daily", "*/5 * * * *"]), st.text(max_size=40)),
    st.builds("{}={}".format, st.sampled_from(["A", "CRON_TZ", "TZ", "MAILTO", "'B'"]), st.text(max_size=20)),
    st.builds(
        "0 3 * * * {}".format,
        st.lists(
            st.sampled_from(["sudo", "-u", "python", "-m", "'", "%", "\\", "cd", "&&", "x.sh", "flock"])
        ).map(" ".join),
    ),
)


@given(
    st.lists(LINE, max_size=12).map("\n".join).map(lambda text: text.encode("utf-8", "replace")),
    st.booleans(),
)
@example(b"\xff\n0 3 * * * \xff\n", False)
def test_each_line_is_read_once_and_in_order_whatever_it_is(data: bytes, users: bool) -> None:
    crontab = parse_crontab(data, users=users)
    lines = [line.strip(b" \t\r") for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    meant = [number for number, line in enumerate(lines, 1) if line and not line.startswith(b"#")]

    def numbers(some: Iterable[CrontabEntry]) -> list[int]:
        return [one.number for one in some]

    found = [numbers(crontab.entries), numbers(crontab.variables), numbers(crontab.problems)]
    assert all(some == sorted(some) for some in found)
    assert sorted(chain.from_iterable(found)) == meant
    names = [entry.name for entry in crontab.entries]
    assert len(set(names)) == len(names) and all(VALID_NAME.fullmatch(name) for name in names)
    assert crontab.names_users in (True, False)
    for one in crontab.entries:
        assert one.command.strip() and parse_cron(one.cron, one.zone, one.name)
