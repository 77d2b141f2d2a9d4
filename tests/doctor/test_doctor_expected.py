"""What the doctor finds about jobs that are expected."""

from __future__ import annotations

from typing import Any

import builders
import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.model.findings import Finding, Severity
from gopher_cli.model.schedule.expect import Expect
from gopher_cli.store import calls
from gopher_cli.verbs.doctor.expect_findings import of_expects

DAY = 86_400.0


def expected(name: str, **given: Any) -> Expect:
    usual = {
        "queue": "mail",
        "type": "report",
        "every": 90_000.0,
        "created": builders.NOW,
        "now": builders.NOW,
    }
    return Expect(name=name, **(usual | given))


def test_late_ones_are_a_warning_with_the_longest_first_and_the_next_command() -> None:
    late = [
        expected(f"e{n}", type=f"t{n}", last_success=builders.NOW - (25 + n) * builders.hour)
        for n in (1, 6, 2, 3, 4, 5)
    ]

    (found,) = of_expects([*late, expected("fine", last_success=builders.NOW), expected("new")])

    assert (found.name, found.severity, found.queue) == (
        "expected jobs that are late", Severity.WARNING, "mail",
    )  # fmt: skip
    assert found.count == 6 and found.is_trouble and not found.mends
    assert found.examples[0] == "e6: last success 1d7h ago, late 6h" and len(found.examples) == 5
    assert found.fix == "gopher jobs last -t t6 -Q mail"


def test_one_that_never_succeeded_says_so() -> None:
    (found,) = of_expects([expected("nightly", created=builders.NOW - 26 * builders.hour)])

    assert found.examples == ("nightly: no success yet, late 1h",)


def test_each_queue_has_a_finding_of_its_own() -> None:
    late = {"last_success": builders.NOW - 30 * builders.hour}

    found = of_expects([expected("a", **late), expected("b", queue="slow", **late)])

    assert [one.queue for one in found] == ["mail", "slow"]


def test_what_cannot_be_read_is_a_warning() -> None:
    (found,) = of_expects([Expect(queue="mail", name="torn", now=builders.NOW)])

    assert (found.name, found.severity) == ("expects that cannot be read", Severity.WARNING)
    assert "gopher expect rm torn -Q mail" in found.fix


def test_successes_that_nobody_notes_are_a_warning_with_the_declaration_that_mends_it() -> None:
    (found,) = of_expects([expected("nightly", every=1_234_567.5, grace=60.0, noted=False)])

    assert (found.name, found.severity) == ("successes that nobody notes", Severity.WARNING)
    assert found.fix == (
        "declare it again: gopher expect nightly -t report --every 1234567.5 --grace 60 -Q mail"
    )


def test_a_success_that_is_yet_to_come_is_a_note() -> None:
    (found,) = of_expects([expected("nightly", last_success=builders.NOW + 400 * builders.day)])

    assert (found.name, found.severity) == ("successes that are yet to come", Severity.NOTE)
    assert found.fix == "declare it again: gopher expect nightly -t report --every 90000 -Q mail"


def test_where_all_is_well_there_is_one_line_and_without_expects_none() -> None:
    (found,) = of_expects([expected("one"), expected("two", queue="slow")])

    assert (found.severity, found.count) == (Severity.OK, 2)
    assert of_expects([]) == []


@pytest.mark.anyio
async def test_the_doctor_tells_of_them_and_repairs_nothing(gopher: Gopher, redis: Redis) -> None:
    async def found() -> list[Finding]:
        diagnosis = await gopher.diagnose()
        assert not diagnosis.mendable
        return [one for one in diagnosis.findings if "expect" in one.name]

    assert await found() == []
    await gopher.expect("nightly", "report", DAY)
    assert [one.severity for one in await found()] == [Severity.OK]
    at = (await gopher.expects())[0].now - 30 * builders.hour
    late = expected("late", queue="default", last_success=at, type="mail")
    await gopher.store.run(calls.expect(gopher.keys("default"), late, now=str(at)))

    (told,) = await found()

    assert (told.severity, told.count, told.queue) == (Severity.WARNING, 1, "default")
    before = redis.hgetall(gopher.keys("default")["expects"])
    await gopher.heal(await gopher.diagnose())
    assert redis.hgetall(gopher.keys("default")["expects"]) == before
    troubles = (await gopher.diagnose(["default"])).troubles
    assert [one.name for one in troubles if one.section != "server"] == ["expected jobs that are late"]
