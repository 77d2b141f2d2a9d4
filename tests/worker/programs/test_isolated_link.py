"""The line between an isolated process and its runner, and what an order to stop makes of an outcome."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

import pytest

from gopher_cli.model.job.outcome import Cancelled, Failed
from gopher_cli.worker.channel import Channel
from gopher_cli.worker.execution.attempt import Attempt, StopReason
from gopher_cli.worker.execution.halt import Halt
from gopher_cli.worker.messages import Answer, decode_from_isolated
from gopher_cli.worker.programs.isolated_link import Line
from worker.processes import PATIENCE

pytestmark = pytest.mark.anyio

_FORK_OF_A_FORK = """
import os, socket, threading
from gopher_cli.worker.programs.isolated_link import Line
from gopher_cli.worker.messages import Ready
ours, theirs = socket.socketpair()
line = Line(theirs)
if os.fork() == 0:
    if os.fork() == 0:
        os._exit(0)
    os.wait()
    speaker = threading.Thread(target=line.send, args=(Ready(),), daemon=True)
    speaker.start()
    speaker.join(10)
    os._exit(speaker.is_alive())
raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_a_fork_that_has_forked_can_speak() -> None:
    assert subprocess.run([sys.executable, "-c", _FORK_OF_A_FORK], timeout=PATIENCE).returncode == 0


async def test_the_end_is_seen_behind_messages_that_are_unread() -> None:
    ours, theirs = socket.socketpair()
    channel, line = await Channel.over(ours, decode_from_isolated), Line(theirs)
    for n in range(3):
        channel.send(Answer(str(n)))
    assert line.receive() == Answer("0")  # the others may be in its buffer
    assert not line.is_over

    channel.send_end()

    assert line.is_over
    assert [line.receive() for _ in range(3)] == [Answer("1"), Answer("2"), None]
    channel.close()
    line.close()


async def test_who_cancels_a_job_that_an_order_may_have_ended_is_heard() -> None:
    attempt = Attempt.__new__(Attempt)
    attempt.stopped = None
    judging = asyncio.create_task(Halt().judged(attempt, Failed("killed", exit_code=143)))
    await asyncio.sleep(0)

    attempt.stopped = StopReason.CANCEL
    judging.cancel()

    assert isinstance(await judging, Cancelled)
