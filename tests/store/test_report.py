"""report.lua: what a running job says of itself."""

from __future__ import annotations

import builders
import pytest

from gopher_cli.store import calls


def test_progress_is_replaced_and_the_log_grows(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()

    assert queue.report(lease, progress=b"0.1", log=b"first\n") == 1
    assert queue.report(lease, progress=b"0.9", log=b"second\n") == 1

    whole = queue.whole()
    assert whole.progress == {"one": b"0.9"}
    assert whole.log == {"one": b"first\nsecond\n"}


def test_two_reports_of_one_job_in_one_call_are_both_heard(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    reports = [calls.Report(lease, b"", line) for line in (b"first\n", b"second\n")]

    queue.run(calls.report(queue.keys, reports, now=queue.at))

    assert queue.whole().log == {"one": b"first\nsecond\n"}


def lines(*numbers):
    return b"".join(b"1700000000000 %07d\n" % n for n in numbers)  # 22 bytes each


def test_the_log_keeps_its_first_and_its_last_lines_and_counts_what_is_dropped(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    numbers, log = list(range(200)), b""

    for start in range(0, 200, 20):
        said = lines(*numbers[start : start + 20])
        queue.run(calls.report(queue.keys, [calls.Report(lease, b"", said)], limit=1000, now=queue.at))
        log = queue.whole().log["one"]
        assert len(log) <= 1000

    kept = [line for line in log.splitlines(keepends=True) if b"dropped" not in line]
    (marker,) = (line for line in log.splitlines() if b"dropped" in line)
    assert log.startswith(lines(0, 1, 2)) and log.endswith(lines(197, 198, 199))
    assert marker == b"1700000000000 (%d bytes dropped)" % (200 * 22 - sum(map(len, kept)))


def test_a_line_that_looks_like_that_count_does_no_harm(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    said = (
        b"1 (99999999999999999999999999999999 bytes dropped)\n" * 9
        + b"1" * 60_000
        + b" bytes dropped)\n" * 50
    )

    queue.run(calls.report(queue.keys, [calls.Report(lease, b"", said)], limit=1000, now=queue.at))

    assert len(queue.whole().log["one"]) <= 1000


@pytest.mark.parametrize("token", ["", "other:1"])
def test_nobody_else_is_heard(queue, token):
    queue.submit(builders.job("one"))

    assert queue.report(builders.lease("one", token=token), progress=b"1", log=b"x\n") == 0
    assert not queue.whole().log


def test_a_job_that_is_gone_leaves_no_log(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    queue.purge("running", "one")

    assert queue.report(lease, log=b"late\n") == 0
