"""Schedules as a site has them after some time: with every outcome in their histories."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import builders
from browser.site import Site
from web.operated import end, take

from gopher_cli.gopher import Gopher
from gopher_cli.store import calls
from gopher_cli.store.asks import schedules
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url

DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000
EVIL = "\"><script>alert(1)</script>{{7*7}}'`\u202e"
LONG = "the_schedule_of_whoever_cannot_be_reached_and_is_told_by_letter_"


@asynccontextmanager
async def store_of(site: Site) -> AsyncIterator[Gopher]:
    """The core, on the server of this site."""
    at = json.loads(site.gopher("embedded", "status", "-o", "json"))["socket"]
    async with Gopher(store=RedisStore(parse_url(f"unix://{at}")), namespace="browser") as gopher:
        yield gopher


async def let_recur(gopher: Gopher) -> None:
    """Some that are well, and one of each trouble. Their jobs are run by the worker of the site."""
    now = time.time_ns() // MINUTE // 1_000_000 * MINUTE
    await _nightly(gopher, now)
    await _crawl(gopher, now)
    await _tick(gopher, "poll", "echo", 1, now - 20 * MINUTE, MINUTE, 19, every=60, queue="polls")
    await _set(gopher, "cleanup", "echo", {"older": "30d"}, str(now), cron="15 4 * * SUN", catchup="skip")
    await _set(gopher, "close-of-year", "echo", 1, str(now), cron="0 0 1 1 *", tz="America/New_York", times=1)
    await gopher.pause_schedule("close-of-year", "default", "until the books of the year are agreed upon")
    await _set(gopher, LONG, "t" * 128, {EVIL: EVIL}, str(now), every=900, queue="q" * 60,
               tags=[EVIL], headers={EVIL: EVIL}, max_retries=0)  # fmt: skip
    await gopher.pause_schedule(LONG, "q" * 60, EVIL)
    await _break(gopher, "broken")
    for name, type, every in (
        ("backup", "backup", 1),
        ("mails", "echo", 90_000),
        ("e" * 64, "t" * 128, 3600),
    ):
        await gopher.expect(name, type, every, queue="polls", grace=0 if every == 1 else 1800)
    await gopher.submit("echo", queue="polls", priority=9)
    await _end(gopher, "polls", well=True)


async def _nightly(gopher: Gopher, now: int) -> None:
    """Seventeen days, of which one run has failed, and the machine was off for two."""
    first = now // DAY * DAY - 17 * DAY
    named: dict[str, Any] = {"cron": "0 3 * * *", "tz": "Europe/Berlin", "queue": "reports"}
    for day in range(17):
        at = str(first + day * DAY + 4 * HOUR)
        type, payload = ("boom", {"say": "the disk is full"}) if day == 9 else ("echo", {"format": "pdf"})
        await _set(gopher, "nightly-report", type, payload, at, max_retries=0, **named)
        if day not in (12, 13):
            await gopher.tick("reports", now=at)
            if day < 16:
                await _end(gopher, "reports", well=type == "echo")


async def _crawl(gopher: Gopher, now: int) -> None:
    """Its run does not end, so that all later ones are skipped."""
    await _tick(gopher, "crawl", "steps", {}, now - 9 * MINUTE, MINUTE, 8, cron="* * * * *")


async def _tick(gopher: Gopher, name: str, type: str, payload: Any, first: int, step: int, count: int,
                **named: Any) -> None:  # fmt: skip
    await _set(gopher, name, type, payload, str(first), overlap="all" if name == "poll" else "skip", **named)
    for n in range(1, count):
        await gopher.tick(named.get("queue", "default"), now=str(first + n * step + 1))
        if name == "poll":
            await _end(gopher, "polls", well=n not in (7, 8))


async def _end(gopher: Gopher, queue: str, *, well: bool) -> None:
    if leases := await take(gopher, 1, queue):
        await end(gopher, leases, builders.success() if well else builders.discard())


async def _set(gopher: Gopher, name: str, type: str, payload: Any, now: str, **options: Any) -> None:
    await gopher.set_schedule(name, type, payload, now=now, backoff="fixed:1h", **options)


async def _break(gopher: Gopher, name: str) -> None:
    """As one of a host that knows more time zones."""
    await gopher.set_schedule(name, "echo", cron="0 6 * * *", tz="Europe/Berlin", queue="reports")
    keys = gopher.keys("reports")
    (stored,) = await gopher.store.ask(schedules.read(keys, [name]))
    assert stored
    await gopher.store.run(
        calls.schedule(
            keys, name, "define", revision=stored.revision, expected=stored.tick, next=stored.tick,
            definition=stored.definition.replace(b"Europe/Berlin", b"Mars/Olympus"),
        )
    )  # fmt: skip
