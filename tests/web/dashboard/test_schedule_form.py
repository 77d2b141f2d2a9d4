"""A schedule by form: made, changed, backfilled; and never before one has seen what it comes to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx2
import msgspec
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.schedule.schedule import Schedule
from gopher_cli.model.select.filter import Filter
from web.conftest import Open
from web.pages import FORM, Page, look, publish, send, sign_in

pytestmark = pytest.mark.anyio

NIGHT = {"kind": "cron", "cron": "0 3 * * *", "tz": "Europe/Berlin"}
NEW = "/schedules/new"
EDIT = "/schedules/mail/nightly/edit"


async def post(api: httpx2.AsyncClient, path: str, fields: dict[str, Any], **more: str) -> httpx2.Response:
    """As `send`; a field may be called headers."""
    here = FORM | {"Origin": "http://localhost", "Accept": "text/html"}
    return await api.post(path, content=urlencode(fields | more, doseq=True), headers=here)


async def fill(api: httpx2.AsyncClient, path: str, written: dict[str, Any]) -> dict[str, Any]:
    """The form there as a browser would send it, with this written into it."""
    form = (await look(api, path)).filled(path.partition("?")[0])
    fields: dict[str, Any] = {name: texts[-1] for name, texts in form.items()}
    return fields | written


async def save(api: httpx2.AsyncClient, path: str, **written: Any) -> httpx2.Response:
    """Look at the next times, then save, as the page asks for."""
    fields = await fill(api, path, written)
    at = path.partition("?")[0]
    looked = Page((await post(api, at, fields, do="look")).text)
    return await post(api, at, fields | {"seen": looked.fields(at).get("seen", ""), "do": "save"})


async def one(gopher: Gopher, name: str = "nightly", queue: str = "mail") -> Schedule:
    found = (await gopher.schedule_row(name, queue)).schedule
    assert found
    return found


async def test_a_type_is_chosen_first(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await publish(gopher, "greet", {"type": "object"})

    page = await look(api, NEW)

    assert page.all("a", href="/schedules/new?type=greet") and not page.all("form", action=NEW, method="post")
    assert page.forbidden() == []


async def test_a_form_makes_a_schedule(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    answer = await save(
        api, f"{NEW}?type=report", name="nightly", queue="mail", **NIGHT, json='{"n": 12345678901234567890}',
        until="2100-01-01T00:00:00Z", times="7", jitter="5m", catchup="skip", within="2h", pause_after="3",
        priority="high", retries="2", timeout="90s", backoff="fixed:10s", tags="a, b", headers='{"x-y":"z"}',
    )  # fmt: skip

    assert answer.headers["location"] == "/schedules/mail/nightly"
    assert "nightly is created: its next run is in" in (await look(api, answer.headers["location"])).text
    found = await one(gopher)
    when, spec = found.when, found.spec
    assert (when.cron, when.tz, when.until, when.times, when.jitter) == (
        "0 3 * * *", "Europe/Berlin", 4102444800.0, 7, 300.0,
    )  # fmt: skip
    assert (found.catchup, found.within, found.pause_after) == ("skip", 7200.0, 3)
    assert bytes(spec.payload) == b'{"n": 12345678901234567890}' or b"12345678901234567890" in bytes(
        spec.payload
    )
    assert (spec.type, spec.priority, spec.max_retries, spec.timeout) == ("report", 8, 2, 90.0)
    assert (spec.options.backoff, spec.options.tags) == ("fixed:10s", ("a", "b"))
    assert found.by.startswith("anybody@")


async def test_an_interval_is_made_whatever_stands_in_the_other_fields(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    answer = await save(
        api, f"{NEW}?type=poll", name="poll", kind="every", every="30s", cron="0 3 * * *", tz="UTC"
    )

    assert answer.status_code == 303, Page(answer.text).text
    assert ((await one(gopher, "poll", "default")).when.every, answer.headers["location"]) == (
        30, "/schedules/default/poll",
    )  # fmt: skip


async def test_nothing_is_saved_before_its_next_times_were_seen(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    fields = await fill(api, f"{NEW}?type=x", {"name": "nightly", "queue": "mail", **NIGHT})

    first = await post(api, NEW, fields, do="save")

    page = Page(first.text)
    assert first.status_code == 200 and "Not saved yet" in page.text
    assert page.text.count(" 03:00:00 +0") == 5 and await gopher.schedules() == []
    seen = page.fields(NEW)["seen"]
    other = await post(api, NEW, fields | {"cron": "0 4 * * *"}, seen=seen, do="save")
    assert "Not saved yet" in Page(other.text).text, "these are other times"
    assert (await post(api, NEW, fields, seen=seen, do="save")).status_code == 303


async def test_a_look_tells_of_clocks_that_change(api: httpx2.AsyncClient) -> None:
    fields = await fill(api, f"{NEW}?type=x", {"cron": "30 2 * * *", "tz": "Europe/Berlin"})

    page = Page((await post(api, NEW, fields | {"from": "2097-03-30"}, do="look")).text)

    assert "Sun 2097-03-31 03:00:00 +02:00 2097-03-31 01:00:00" in page.text
    assert "02:30 does not exist that day: at the end of the gap" in page.text


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("cron", "0 25 * * *", "the hour '25' is not valid"), ("cron", "0 0 31 2 *", "never matches"),
        ("cron", "* * * * * *", "seconds are not taken"), ("cron", "<b>", "not five"),
        ("tz", "Mars/Olympus", "is not a time zone"), ("from", "soon", "is not a time"),
        ("until", "2001-01-01T00:00:00Z", ""), ("times", "-1", "a whole number"),
        ("jitter", "a bit", "is not a duration"), ("catchup", "all:0", "a catchup is"),
        ("catchup", "all:3", "overlap skip lets only one"), ("pause_after", "11", "whole number"),
        ("within", "x", "is not a duration"), ("name", "no name!", "1-64 of"), ("name", "..", "only dots"),
        ("queue", "no queue!", "queue"), ("retries", "-1", "whole number"), ("json", "{", "not valid JSON"),
        ("headers", "{}x", "JSON"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_beside_its_field_and_nothing_that_was_written_is_lost(
    api: httpx2.AsyncClient, gopher: Gopher, field: str, text: str, said: str
) -> None:
    written = {"name": "nightly", "queue": "mail", **NIGHT, "tags": 'mine "<i>"', "json": "{}"} | {
        field: text
    }

    answer = await save(api, f"{NEW}?type=x", **written)

    page = Page(answer.text)
    assert answer.status_code == 422, page.text
    wrong = [tag for tag, attrs in page.elements if attrs.get("aria-invalid") and attrs.get("name") == field]
    assert wrong, page.text
    assert said in page.text and 'value="mine &#34;&lt;i&gt;&#34;"' in answer.text
    assert page.forbidden() == [] and await gopher.schedules() == []


async def test_a_wrong_time_is_told_in_the_look_too(api: httpx2.AsyncClient) -> None:
    fields = await fill(api, f"{NEW}?type=x", {"cron": "0 25 * * *"})

    answer = await post(api, NEW, fields, do="look")

    assert answer.status_code == 422 and "the hour '25' is not valid" in Page(answer.text).text
    assert not Page(answer.text).fields(NEW).get("seen")


async def test_a_name_that_is_taken_is_not_taken_over(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.set_schedule("nightly", "precious", every=60, queue="mail")

    answer = await save(api, f"{NEW}?type=x", name="nightly", queue="mail", **NIGHT)

    assert answer.status_code == 409 and "there is a schedule nightly" in Page(answer.text).text
    assert (await one(gopher)).spec.type == "precious"


async def known(gopher: Gopher, **options: Any) -> None:
    named = {"queue": "mail", "cron": "0 3 * * *", "tz": "Europe/Berlin"} | options
    await gopher.set_schedule("nightly", "x", named.pop("payload", {"n": 1}), **named)


FULL = {
    "start": 1_800_000_000.0, "until": 4_102_444_800.5, "times": 9, "jitter": 12.5, "overlap": "all",
    "catchup": "all:3", "within": 90.0, "pause_after": 2, "priority": 9, "max_retries": 0, "timeout": 3725.25,
    "backoff": "fixed:10s", "tags": ["a b"], "headers": {"x-y": "a=b 'c'"}, "unique_key": "k",
    "unique_for": 60.0, "retention": 7.0, "payload": {"n": 12345678901234567890, "s": "\u202e"},
}  # fmt: skip


@pytest.mark.parametrize("options", [{}, FULL, {"cron": None, "tz": None, "every": 3600, "offset": 7}])
async def test_a_form_that_is_saved_as_it_came_changes_nothing(
    api: httpx2.AsyncClient, gopher: Gopher, options: dict[str, Any]
) -> None:
    await known(gopher, **options)
    before = await one(gopher)

    answer = await post(api, EDIT, await fill(api, EDIT, {}), do="save")

    assert answer.headers["location"] == "/schedules/mail/nightly", Page(answer.text).text
    assert "nightly is as it was." in (await look(api, "/schedules/mail/nightly")).text
    assert await one(gopher) == before


async def test_settings_of_the_server_do_not_slip_into_what_is_edited(open_api: Open, gopher: Gopher) -> None:
    await known(gopher)
    async with open_api(MAX_RETRIES="9", GOPHER_BACKOFF="fixed:1h") as api:
        await save(api, EDIT, cron="0 4 * * *")
        await save(api, f"{NEW}?type=x", name="other", queue="mail", **NIGHT)

    assert (await one(gopher)).spec.max_retries is None and (await one(gopher)).when.cron == "0 4 * * *"
    assert (await one(gopher, "other")).spec.max_retries == 9, "as any submit through it"


async def test_the_same_is_shown_as_a_command(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await known(gopher, **FULL)

    page = await look(api, "/schedules/mail/nightly")

    (command,) = [text for text in page.text.split("Copy") if "gopher schedule set" in text] or [page.text]
    assert (
        """gopher schedule set nightly -t x -Q mail -p '{"n":12345678901234567890,"s":"\\u202e"}' """
        "--cron '0 3 * * *' --tz Europe/Berlin --from 2027-01-15T08:00:00Z --until 2100-01-01T00:00:00.500Z "
        "--times 9 --jitter 12.5s --overlap all --catchup all:3 --within 1m30s --pause-after 2 --priority 9 "
        "--retries 0 --timeout 3725.25s --backoff fixed:10s --unique k --unique-for 1m --retention 7s "
        "--tag 'a b' --header 'x-y=a=b '\"'\"'c'\"'\"''"
    ) in command


async def test_moments_are_by_the_clocks_of_the_schedule(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await save(api, f"{NEW}?type=x", name="nightly", queue="mail", **NIGHT, until="2100-01-01T01:00")

    assert (await one(gopher)).when.until == 4102444800.0
    wrong = await save(api, EDIT, until="2097-03-31T02:30")
    assert "because the clocks change then" in Page(wrong.text).text


async def test_no_more_times_are_shown_than_there_are_left(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await known(gopher, times=2)

    page = await look(api, "/schedules/mail/nightly")

    assert page.text.count(" 03:00:00 +0") == 2


async def test_an_edit_changes_what_it_says_and_keeps_the_rest(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await known(gopher, **FULL)
    before = await one(gopher)

    answer = await save(api, EDIT, cron="0 4 * * *", json='{"n":2}')

    assert answer.status_code == 303, Page(answer.text).text
    after = await one(gopher)
    assert after.when.cron == "0 4 * * *" and bytes(after.spec.payload) == b'{"n":2}'
    same = {"when": after.when, "by": after.by, "run_limit": after.run_limit}
    spec = msgspec.structs.replace(before.spec, payload=after.spec.payload)
    assert after == msgspec.structs.replace(before, spec=spec, **same)
    assert (await gopher.audit_log())[0].action == "set schedule"


async def test_who_has_not_seen_the_last_change_does_not_undo_it(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await known(gopher)
    fields = await fill(api, EDIT, {"retries": "1"})
    await known(gopher, catchup="skip")

    answer = await post(api, EDIT, fields, do="save")

    assert answer.status_code == 409 and "changed" in Page(answer.text).text
    assert (await one(gopher)).catchup == "skip"


async def test_a_payload_has_the_fields_of_its_type(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    number = {"type": "integer", "maximum": 9}
    await publish(gopher, "x", {"type": "object", "properties": {"n": number}, "required": ["n"]})
    await known(gopher)
    assert (await look(api, EDIT)).all("input", name="payload/n", value="1")

    wrong = await save(api, EDIT, **{"payload/n": "10"})
    right = await save(api, EDIT, **{"payload/n": "9"})

    assert wrong.status_code == 422 and "n is more than 9" in Page(wrong.text).text
    assert right.status_code == 303 and bytes((await one(gopher)).spec.payload) == b'{"n":9}'


async def test_a_backfill_counts_first_and_makes_the_jobs_then(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await known(gopher)
    here = "/schedules/mail/nightly/backfill"
    await look(api, here)

    counted = await send(api, here, **{"from": "2026-01-01", "to": "2026-01-04T00:00:00Z"})

    page = Page(counted.text)
    assert "Make 3 jobs?" in page.text and "2026-01-01 02:00:00 UTC to 2026-01-03 02:00:00 UTC" in page.text
    assert await gopher.jobs(Filter()) == []
    answer = await send(api, here, **page.fields(here), sure="yes")
    assert answer.headers["location"] == "/schedules/mail/nightly"
    assert "3 jobs made." in (await look(api, answer.headers["location"])).text
    await look(api, "/jobs/nightly%3A20260102T020000Z")
    again = await send(api, here, **page.fields(here), sure="yes")
    assert "3 jobs of these times are there already." in Page(again.text).text
    more = await send(api, here, **{"from": "2026-01-01", "to": "2026-01-06"})
    assert "Make 2 jobs?" in Page(more.text).text and "3 more are there already" in Page(more.text).text
    fresh = await send(api, here, **page.fields(here) | {"again": "1"}, sure="yes")
    assert "3 jobs made." in (await look(api, fresh.headers["location"])).text


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("soon", "2026-01-01", "from: 'soon' is not a time"),
        ("2026-01-02", "2026-01-01", "to is before from"),
        ("2026-01-01", "2100-01-01", "for instants that are over"), ("", "2026-01-01", "is not a time"),
        ("2026-01-01", "2026-01-01T00:00:01Z", "no instant of it"),
        ("1970-01-02", "2026-01-01", "more than 10000"),
    ],
)  # fmt: skip
async def test_a_backfill_of_nothing_is_told(
    api: httpx2.AsyncClient, gopher: Gopher, first: str, last: str, said: str
) -> None:
    await known(gopher, cron="* * * * *" if first.startswith("1970") else "0 3 * * *")

    answer = await send(api, "/schedules/mail/nightly/backfill", **{"from": first, "to": last}, sure="yes")

    assert said in Page(answer.text).text and answer.status_code in (200, 422)
    assert Page(answer.text).all("input", name="from", value=first)


async def test_forms_are_for_those_who_operate(open_api: Open, gopher: Gopher) -> None:
    await known(gopher)
    made = await gopher.create_key("one", role="viewer")
    async with open_api() as api:
        await sign_in(api, made.secret)
        token = (await look(api, "/schedules")).fields("/logout")["csrf_token"]
        for path in (NEW, EDIT, "/schedules/mail/nightly/backfill"):
            await look(api, path, 403)
            assert (await send(api, path, csrf_token=token)).status_code == 403
            assert not (await look(api, "/schedules/mail/nightly")).all("a", href=path)


async def test_below_a_prefix_every_link_and_form_stays_there(open_api: Open, gopher: Gopher) -> None:
    await known(gopher)
    await gopher.expect("backup", "backup", 90_000)
    async with open_api(SERVER_ROOT_PATH="/ops") as api:
        for path in ("/schedules", f"{NEW}?type=x", EDIT, "/schedules/mail/nightly"):
            page = await look(api, path)
            places = [one[name] for _, one in page.elements for name in ("href", "action") if name in one]
            assert all(place.startswith(("/ops/", "#")) for place in places), (path, places)
        answer = await send(api, "/schedules/mail/nightly/pause", reason="x")
        assert answer.headers["location"] == "/ops/schedules/mail/nightly"


async def test_a_change_of_what_code_declares_says_how_long_it_stays(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await known(gopher)
    assert "Declared in code" not in (await look(api, EDIT)).text
    declared = msgspec.structs.replace(await one(gopher), origin="app", declared="digest")
    await gopher.put_schedule(declared)
    assert "Declared in code" in (await look(api, EDIT)).text

    await save(api, EDIT, cron="0 4 * * *")

    after = await one(gopher)
    assert (after.when.cron, after.origin, after.declared) == ("0 4 * * *", "app", "digest")
