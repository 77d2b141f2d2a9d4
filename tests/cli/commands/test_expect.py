"""gopher expect and gopher jobs last: at a terminal, in a pipe, as JSON, beside Redis and through an API."""

from __future__ import annotations

import json
from typing import Any

import builders
import pytest

from cli.running import Cli
from cli.world import beat, do, end, start
from gopher_cli.gopher import Gopher
from gopher_cli.model.schedule.expect import Expect
from gopher_cli.store import calls
from gopher_cli.store.asks import ask

NIGHTLY = ("--type", "report", "--every", "25h")


@pytest.fixture(params=["near", "far"])
def door(request: pytest.FixtureRequest, near: Cli, far: Cli) -> Cli:
    """The program beside Redis, and the one that knows only the API."""
    return {"near": near, "far": far}[request.param]


def long_ago(cli: Cli, name: str, hours: int, **given: Any) -> None:
    """It was declared, and succeeded last, so many hours ago."""

    async def work(gopher: Gopher) -> None:
        at = await gopher.store.ask(ask.time_ms()) - hours * builders.hour
        usual = {"queue": "default", "type": "report", "every": 90_000.0, "last_success": at}
        wanted = Expect(name=name, **(usual | given))
        await gopher.announce([wanted.queue])
        await gopher.store.run(calls.expect(gopher.keys(wanted.queue), wanted, now=str(at)))

    do(cli, work)


def rows(cli: Cli, *args: str) -> Any:
    ran = cli("expect", "ls", *args, "-o", "json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_it_is_declared_and_the_same_again_changes_nothing(door: Cli) -> None:
    first, again = door("expect", "nightly", *NIGHTLY), door("expect", "nightly", *NIGHTLY)
    other = door("expect", "nightly", *NIGHTLY, "--grace", "1h")

    assert [ran.code for ran in (first, again, other)] == [0, 0, 0]
    tail = "in the queue default (no success is known yet)\n"
    assert first.out == f"nightly is expected: report every 1d1h, {tail}"
    assert again.out == f"nightly was expected already: report every 1d1h, {tail}"
    assert other.out == f"nightly is changed: report every 1d1h (grace 1h), {tail}"


@pytest.mark.parametrize(
    "words",
    [
        ("nightly", *NIGHTLY), ("set", "nightly", *NIGHTLY), (*NIGHTLY, "nightly"),
        ("-q", "--type=report", "--every=25h", "nightly"), ("nightly", "-t", "report", "--every", "90000"),
    ],
)  # fmt: skip
def test_however_it_is_spelt(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli("expect", *words).code == 0

    (one,) = rows(cli)
    assert (one["name"], one["type"], one["every"]) == ("nightly", "report", 90_000)


def test_a_declaration_tells_programs_what_it_came_to(door: Cli) -> None:
    said = json.loads(door("expect", "nightly", *NIGHTLY, "--json").out)

    assert (said["name"], said["queue"], said["outcome"], said["changed"]) == (
        "nightly", "default", "new", True,
    )  # fmt: skip
    again = json.loads(door("expect", "nightly", *NIGHTLY, "--json").out)
    assert (again["outcome"], again["changed"]) == ("same", False)
    assert again["created_at"] == said["created_at"] and said["created_by"]


def test_the_table_tells_what_is_late(door: Cli, near: Cli) -> None:
    long_ago(near, "nightly", 31)
    long_ago(near, "backup", 2, type="backup", queue="slow", grace=3600.0)
    door("expect", "weekly", "-t", "sum", "--every", "7d")

    shown = door("expect", "--color", "never", tty=True).lines

    assert [line.split() for line in shown] == [
        ["name", "queue", "type", "every", "grace", "last", "state"],
        ["nightly", "default", "report", "1d1h", "-", "1d7h", "ago", "LATE", "6h"],
        ["weekly", "default", "sum", "7d", "-", "never", "waiting"],
        ["backup", "slow", "backup", "1d1h", "1h", "2h", "ago", "on", "time"],
    ]
    narrow = door("expect", "ls", "--color", "never", tty=True, columns=40)
    assert "LATE 6h" in narrow.out and all(len(line) <= 40 for line in narrow.lines)


def test_a_pipe_gets_rows_and_programs_get_json(door: Cli, near: Cli) -> None:
    long_ago(near, "nightly", 31)

    header, row = door("expect", "ls").lines
    told = dict(zip(header.split("\t"), row.split("\t"), strict=True))

    assert (told["NAME"], told["QUEUE"], told["TYPE"], told["EVERY"]) == (
        "nightly", "default", "report", "90000",
    )  # fmt: skip
    assert told["STATE"] == "late" and 21_600 <= float(told["LATE_SECONDS"]) < 21_700
    assert told["LAST"].endswith("Z")
    (one,) = rows(door)
    assert (one["state"], one["last_success_at"]) == ("late", told["LAST"])
    assert door("expect", "ls", "-q").out == "nightly\n"
    assert door("expect", "ls", "-o", "csv").lines[0].startswith("name,queue,type,every")


def test_only_what_is_late_and_of_one_queue(door: Cli, near: Cli) -> None:
    long_ago(near, "nightly", 31)
    long_ago(near, "mail", 31, queue="mail")
    door("expect", "weekly", "-t", "sum", "--every", "7d")

    assert door("expect", "ls", "--late", "-q").lines == ["nightly", "mail"]
    assert door("expect", "-Q", "mail", "-q").lines == ["mail"]
    assert door("expect", "ls", "-Q", "mial").code == 3


def test_where_nothing_is_expected_the_next_step_is_told(cli: Cli) -> None:
    assert cli("expect", "ls").out == ""
    assert "gopher expect nightly -t report --every 25h" in cli("expect", tty=True).err
    assert "nothing is late" in cli("expect", "ls", "--late", tty=True).err
    assert rows(cli) == []


def test_all_about_one(door: Cli, near: Cli) -> None:
    long_ago(near, "nightly", 31)

    shown = door("expect", "show", "nightly", tty=True).out

    for part in ("report every 1d1h", "LATE 6h", "1d7h ago", "gopher jobs last -t report -Q default"):
        assert part in shown
    assert json.loads(door("expect", "show", "nightly", "--json").out)["state"] == "late"
    assert "late_seconds\t" in door("expect", "show", "nightly").out
    missing = door("expect", "show", "nightli")
    assert (missing.code, missing.err) == (
        3, "gopher: no expect 'nightli'\nhint: list them with: gopher expect ls\n",
    )  # fmt: skip


def test_what_is_removed_is_told_so_that_it_can_be_declared_again(door: Cli) -> None:
    door("expect", "nightly", *NIGHTLY, "--grace", "1h")
    door("expect", "weekly", "-t", "sum", "--every", "7d")

    gone = door("expect", "rm", "nightly", "unknown", "weekly")

    assert gone.code == 3
    assert gone.lines == [
        "nightly is expected no longer: report every 1d1h (grace 1h), in the queue default",
        "weekly is expected no longer: sum every 7d, in the queue default",
    ]
    assert "no expect 'unknown'" in gone.err
    assert rows(door) == []
    assert door("expect", "rm", "nightly").code == 3


def test_a_name_in_several_queues_needs_its_queue(door: Cli) -> None:
    for queue in ("mail", "slow"):
        door("expect", "nightly", *NIGHTLY, "-Q", queue)

    for deed in ("rm", "show"):
        refused = door("expect", deed, "nightly")
        assert refused.code == 5
        assert (
            "several queues have an expect 'nightly': mail, slow" in refused.err and "-Q mail" in refused.err
        )
    assert door("expect", "show", "nightly", "-Q", "slow").code == 0
    assert door("expect", "rm", "nightly", "-Q", "slow").code == 0
    assert [one["queue"] for one in rows(door)] == ["mail"]


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (("nightly",), "gopher expect nightly needs --type and --every", "gopher expect nightly -t report"),
        (("nightly", "-t", "x"), "gopher expect nightly needs --every", "--every 25h"),
        (("lss",), "gopher expect lss needs --type and --every", "did you mean gopher expect ls?"),
        (("nightly", "-t", "x", "--every", "soon"), "--every: 'soon' is not a duration", ""),
        (("nightly", "-t", "x", "--every", "1ms"), "every is from 1s to 10 years", "25h"),
        (("nightly", "-t", "x", "--every", "99999d"), "is longer than a hundred years", ""),
        (("nightly", "-t", "x", "--every", "1h", "--grace", "-1h"), "--grace: '-1h' is not a duration", ""),
        (("two words", *NIGHTLY), "the name of an expect 'two words' is not", ""),
        (("a/b", *NIGHTLY), "the name of an expect 'a/b' is not", ""),
        (("nightly", "-t", "two words", "--every", "1h"), "the type 'two words' is not", ""),
        (("nightly", *NIGHTLY, "-Q", "a b"), "the queue 'a b' is not", ""),
        (("nightly", "-t", "", "--every", "1h"), "--type is empty", ""),
        ((*NIGHTLY,), "gopher expect set needs NAME", ""),
        (("rm",), "gopher expect rm needs EXPECT", ""),
    ],
)
def test_what_makes_no_sense_is_refused(door: Cli, words: tuple[str, ...], said: str, hint: str) -> None:
    ran = door("expect", *words)

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err and hint in ran.err, ran.err
    assert rows(door) == []


def test_a_queue_that_is_perhaps_misspelt_is_told(near: Cli) -> None:
    near.id("-t", "x", "-Q", "mail")

    ran = near("expect", "nightly", *NIGHTLY, "-Q", "mial")

    assert ran.code == 0
    assert ran.err == "warning: the queue mial is new; did you mean mail?\n"
    assert near("expect", "nightly", *NIGHTLY, "-Q", "mial").err == ""


def test_a_type_that_runs_in_another_queue_or_nowhere_is_told(door: Cli, near: Cli) -> None:
    beat(near, queues=["mail"], types=["report"])
    do(near, lambda gopher: gopher.publish_types({"report": b"{}"}))

    elsewhere = door("expect", "nightly", *NIGHTLY)
    unknown = door("expect", "weekly", "-t", "reprot", "--every", "7d", "-Q", "mail")

    assert elsewhere.err == (
        "warning: jobs of the type report run in the queue mail, and not in default; did you mean -Q mail?\n"
    )
    assert "no worker has published the type reprot; did you mean report?" in unknown.err
    assert (elsewhere.code, unknown.code) == (0, 0)
    assert door("expect", "nightly", *NIGHTLY, "-Q", "mail").err == ""


def test_hostile_words_are_harmless_at_a_terminal(near: Cli) -> None:
    long_ago(near, "nightly", 31, by="\x1b[31mann\x07")

    for words in (("expect",), ("expect", "show", "nightly")):
        assert "\x1b[31m" not in near(*words, tty=True, columns=200).out.replace("\x1b[31mLATE", "")
        assert "\x07" not in near(*words, tty=True, columns=200).out


def test_what_cannot_be_read_is_shown_as_such_and_can_be_removed(near: Cli) -> None:
    near("expect", "nightly", *NIGHTLY)

    async def tear(gopher: Gopher) -> None:
        key = gopher.keys("default")["expects"]
        await gopher.store.ask(ask.Ask([("HSET", key, "torn", "?")], lambda _: None))

    do(near, tear)
    assert [one["state"] for one in rows(near)] == ["waiting", "unreadable"]
    assert near("expect", "ls", "--late", "-q").out == "torn\n"
    assert near("expect", tty=True).code == 0 and near("expect", "show", "torn", tty=True).code == 0
    gone = near("expect", "rm", "torn")
    assert gone.out == "torn is expected no longer: in the queue default; what it was cannot be read\n"


def test_health_tells_of_it_and_stays_what_it_was(door: Cli, near: Cli) -> None:
    assert "late" not in door("health").out
    long_ago(near, "nightly", 31)

    ran = door("health")

    assert ran.code == 0
    assert "1 expected job late: gopher expect ls --late" in ran.out and ran.out.startswith("ok: ")
    told = json.loads(door("health", "--json").out)
    assert (told["status"], told["late"]) == ("ok", 1)


# jobs last


def test_the_newest_job_of_a_type_and_its_last_success(door: Cli, near: Cli) -> None:
    done = near.id("-t", "report")
    end(near, start(near)[0], builders.success())
    dead = near.id("-t", "report", "-r", "0")
    end(near, start(near)[0], builders.discard(), error="no", outcome="failed", attempt=1)
    near.id("-t", "other")

    told = json.loads(door("jobs", "last", "-t", "report", "--json").out)

    assert (told["job"]["job_id"], told["job"]["status"]) == (dead, "failed")
    assert told["last_success"]["job_id"] == done
    assert told["last_success_at"] == told["last_success"]["since"]
    header, row = door("jobs", "last", "-t", "report").lines
    assert dict(zip(header.split("\t"), row.split("\t"), strict=True))["LAST_SUCCESS_ID"] == done
    assert door("jobs", "last", "-t", "report", "-q").out == f"{dead}\n"
    assert "failed" in door("jobs", "last", "-t", "report", tty=True).out


def test_its_last_success_is_known_when_no_job_is_left(door: Cli, near: Cli) -> None:
    long_ago(near, "nightly", 31)

    told = json.loads(door("jobs", "last", "-t", "report", "--json").out)

    assert (told["job"], told["last_success"]) == (None, None)
    assert told["last_success_at"] == rows(near)[0]["last_success_at"]
    assert "1d7h ago" in door("jobs", "last", "-t", "report", tty=True).out
    assert door("jobs", "last", "-t", "report", "-q").out == ""


def test_of_a_type_of_which_nothing_is_known_there_is_none(door: Cli, near: Cli) -> None:
    near.id("-t", "x")

    ran = door("jobs", "last", "-t", "report")

    assert (ran.code, ran.out) == (3, "")
    assert "no job of the type report is known" in ran.err
    assert door("jobs", "last", "-t", "report", "-Q", "default").code == 3
    assert door("jobs", "last", "-t", "x", "-Q", "mial").code == 3
    assert door("jobs", "last").code == 2
