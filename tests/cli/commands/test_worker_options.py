"""gopher worker: flags over settings, and what makes no sense is refused before anything starts."""

from __future__ import annotations

from typing import Any

import pytest

from cli.running import Cli
from gopher_cli.worker.options import WorkerOptions


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[WorkerOptions]:
    """What the daemon would have been given."""
    from gopher_cli.worker.supervisor import supervisor

    taken: list[WorkerOptions] = []

    def run_worker(settings: Any, options: WorkerOptions, *_: Any) -> int:
        taken.append(options)
        return 0

    monkeypatch.setattr(supervisor, "run_worker", run_worker)
    return taken


def test_flags_become_options(cli: Cli, given: list[WorkerOptions]) -> None:
    ran = cli(
        "worker",
        "-c",
        "8",
        "--processes",
        "2",
        "-Q",
        "mail:3,default:1",
        "-Q",
        "slow",
        "--app",
        "shop.jobs:app",
        "--exec",
        "resize=./resize.sh --fast",
        "--burst",
        "--max-jobs",
        "100",
        "--max-rss",
        "2GB",
        "--grace",
        "1m",
        "--log-format",
        "json",
        "--log-level",
        "debug",
        "--name",
        "w-1",
        "--priority-ratio",
        "strict",
        "--poll-interval",
        "500ms",
    )

    assert (ran.code, ran.err) == (0, "")
    assert given == [
        WorkerOptions(
            queues=(("mail", 3), ("default", 1), ("slow", 1)),
            concurrency=8,
            processes=2,
            app="shop.jobs:app",
            programs=(("resize", "./resize.sh --fast"),),
            burst=True,
            max_jobs=100,
            max_rss_mb=2048,
            grace=60.0,
            priority_ratio="strict",
            poll_interval=0.5,
            name="w-1",
            log_level="debug",
            log_format="json",
        )
    ]


def test_settings_count_where_there_is_no_flag(cli: Cli, given: list[WorkerOptions]) -> None:
    cli.env |= {
        "WORKER_CONCURRENCY": "3", "QUEUE_NAME": "night", "WORKER_SHUTDOWN_TIMEOUT": "5s",
        "GOPHER_EXEC": "a=./a.sh\nb=./b.sh",
    }  # fmt: skip
    cli("worker", "--exec", "b=./c.sh")

    (options,) = given
    assert (options.concurrency, options.queues, options.grace) == (3, (("night", 1),), 5.0)
    assert options.programs == (("a", "./a.sh"), ("b", "./c.sh"))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["-c", "0"], "--concurrency"),
        (["-c", "many"], "--concurrency"),
        (["--processes", "0"], "--processes"),
        (["-Q", "mail:0"], "the weight of a queue"),
        (["--exec", "resize"], "not type=command"),
        (["--app", "shop:"], "module:object"),
        (["--grace", "soon"], "--grace"),
        (["--max-jobs", "0"], "--max-jobs"),
        (["--max-rss", "much"], "--max-rss"),
        (["--name", "a b"], "--name"),
        (["--name", ".."], "--name"),
        (["--log-level", "loud"], "--log-level"),
        (["--priority-ratio", "1:2"], "--priority-ratio"),
        (["--conurrency", "3"], "did you mean --concurrency?"),
    ],
)
def test_what_makes_no_sense_is_refused(
    cli: Cli, given: list[WorkerOptions], args: list[str], said: str
) -> None:
    ran = cli("worker", *args)

    assert ran.code == 2, ran.err
    assert said in ran.err
    assert given == []
