"""report.lua: what a running job says of itself."""

from __future__ import annotations

import a
import pytest

from gopher_cli.store import calls


def test_progress_is_replaced_and_the_log_grows(queue):
    queue.submit(a.job("one"))
    (lease,) = queue.reserve()

    assert queue.report(lease, progress=b"0.1", log=b"first\n") == 1
    assert queue.report(lease, progress=b"0.9", log=b"second\n") == 1

    whole = queue.whole()
    assert whole.progress == {"one": b"0.9"}
    assert whole.log == {"one": b"first\nsecond\n"}


def test_two_reports_of_one_job_in_one_call_are_both_heard(queue):
    queue.submit(a.job("one"))
    (lease,) = queue.reserve()
    reports = [calls.Report(lease, b"", line) for line in (b"first\n", b"second\n")]

    queue.run(calls.report(queue.keys, reports, now=queue.at))

    assert queue.whole().log == {"one": b"first\nsecond\n"}


def test_the_log_keeps_its_last_whole_lines(queue):
    queue.submit(a.job("one"))
    (lease,) = queue.reserve()
    reports = [calls.Report(lease, b"", b"aaaa\nbbbb\ncccc\n")]

    queue.run(calls.report(queue.keys, reports, limit=12, now=queue.at))

    assert queue.whole().log == {"one": b"bbbb\ncccc\n"}


@pytest.mark.parametrize("token", ["", "other:1"])
def test_nobody_else_is_heard(queue, token):
    queue.submit(a.job("one"))

    assert queue.report(a.lease("one", token=token), progress=b"1", log=b"x\n") == 0
    assert not queue.whole().log


def test_a_job_that_is_gone_leaves_no_log(queue):
    queue.submit(a.job("one"))
    (lease,) = queue.reserve()
    queue.purge("running", "one")

    assert queue.report(lease, log=b"late\n") == 0
