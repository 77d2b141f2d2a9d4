"""Periodic duties: each on its own clock, and told of once when they fail."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable

from gopher_cli.model.errors import GopherError, TryLater, Unavailable
from gopher_cli.worker.logs import say


class Periodic:
    """A duty may be done at several places, whose servers fail apart from each other."""

    def __init__(self) -> None:
        self._away: dict[str, str] = {}  # by place: why its server says nothing
        # By duty and place: what is wrong with it. A server that refuses some writes does the others.
        self._wrong: dict[tuple[str, str], str] = {}
        self._refused: set[tuple[str, str]] = set()  # of these, what a server refuses for now

    async def every(
        self,
        seconds: float,
        duty: Callable[[], Awaitable[float | None]],
        place: str = "",
        *,
        hurry: asyncio.Event | None = None,
        again: float | None = None,
    ) -> None:
        """Again and again, a little unevenly so that a fleet spreads out. Redis away is no reason to end.

        A duty may answer in how many seconds it is wanted again, if that is sooner; ``again`` is in how
        many when it could not be done.
        """
        name = duty.__name__
        while True:
            sooner = again
            try:
                sooner = await duty()
                self._done(name, place)
            except GopherError as error:
                self.missed(name, place, error)
            except Exception as error:  # no fault of ours may end the heartbeat
                self._missed(name, place, f"{name}: {type(error).__name__}: {error}")
            pause = seconds * random.uniform(0.8, 1.0)
            if sooner is not None:
                pause = min(pause, sooner)
            if hurry is None:
                await asyncio.sleep(pause)
                continue
            hurry.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):  # wait_for may forget that it was cancelled
                    await hurry.wait()

    def missed(self, name: str, place: str, error: GopherError) -> None:
        """A duty could not be done."""
        self._missed(name, place, str(error), away=isinstance(error, Unavailable))
        if isinstance(error, TryLater):
            self._refused.add((name, place))

    def _missed(self, name: str, place: str, why: str, *, away: bool = False) -> None:
        """Said once, however many duties meet it, however often, at however many places."""
        if why not in self._away.values() and why not in self._wrong.values():
            say(why, logging.ERROR)
        if away:
            self._away[place] = why
        else:
            self._wrong[name, place] = why

    def _done(self, name: str, place: str) -> None:
        if self._away.pop(place, None) and not self._away:
            say("Redis is back")
        if self._wrong:
            self._wrong.pop((name, place), None)
        if (name, place) in self._refused:
            self._refused.discard((name, place))
            if not self._refused:
                say("Redis takes all writes again")
