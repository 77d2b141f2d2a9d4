"""A batch that comes again, beside Redis and far away: the same input goes on, another is refused whole."""

from __future__ import annotations

import pytest

from cli.running import Cli, Ran

ARGS = ("submit", "--batch", "-", "--batch-id", "n/1 ü", "-o", "plain")


@pytest.fixture(params=["near", "far"])
def cli(request: pytest.FixtureRequest) -> Cli:
    found: Cli = request.getfixturevalue(request.param)
    return found


def users(*names: str) -> str:
    """A line for each; one that begins with ! makes no sense."""
    return "".join(
        f"{name}\n" if name[0] == "!" else f'{{"type":"x","payload":{{"user":"{name}"}}}}\n' for name in names
    )


def statuses(ran: Ran) -> list[str]:
    return [line.split("\t")[1] for line in ran.lines]


def stored(cli: Cli) -> list[str]:
    return sorted(cli("jobs", "ls", "-q", "--limit", "0").lines)


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (["bob", "cid"], ["ann", "bob", "cid"]),
        (["bob", "cid"], ["cid", "bob"]),
        (["bob", "cid"], ["bob"]),
        (["bob", "!", "cid", "dan"], ["bob", "!", "cid", "eve"]),
        (["bob", "!", "cid", "dan"], ["bob", "cid", "dan"]),
        (["bob", "!", "cid", "dan"], ["bob", "fay", "dan", "cid"]),
        (["!", "!!", "cid"], ["!", "!!", "eve"]),
    ],
)
def test_another_input_is_refused_and_nothing_of_it_is_stored_also_behind_a_refused_line(
    near: Cli, cli: Cli, first: list[str], again: list[str]
) -> None:
    cli(*ARGS, stdin=users(*first))
    before = stored(near)
    ran = cli(*ARGS, stdin=users(*again))

    assert ran.code == 5 and "another input" in ran.err and "--batch-id of its own" in ran.err
    assert stored(near) == before


def test_lines_that_are_put_right_are_taken_and_those_around_them_only_once_though_their_jobs_are_gone(
    near: Cli, cli: Cli
) -> None:
    cli(*ARGS, stdin=users("bob", "!", "cid", "!!", "dan"))
    near("purge", "--state", "all", "--yes")
    half = cli(*ARGS, stdin=users("bob", "ann", "cid", "!!!", "dan"))
    whole = cli(*ARGS, stdin=users("bob", "ann", "cid", "eve", "dan", "fay"))

    assert statuses(half) == ["exists", "submitted", "exists", "refused", "exists"] and half.code == 1
    assert statuses(whole) == ["exists", "exists", "exists", "submitted", "exists", "submitted"]
    assert (
        len(stored(near)) == 3
        and cli(*ARGS, stdin=users("bob", "ann2", "cid", "eve", "dan", "fay")).code == 5
    )


def test_with_many_refused_lines_none_that_is_put_right_is_skipped(near: Cli, cli: Cli) -> None:
    names = [f"{'!' * (n % 3 == 0)}u{n}" for n in range(1200)]
    first = cli(*ARGS, stdin=users(*names))
    right = cli(*ARGS, stdin=users(*(name.lstrip("!") for name in names)))

    assert statuses(first).count("refused") == 400
    assert [status for status in statuses(right) if status != "exists"] == ["submitted"] * 400
    assert len(stored(near)) == 1200
    assert set(statuses(cli(*ARGS, stdin=users(*(name.lstrip("!") for name in names))))) == {"exists"}


def test_who_runs_a_batch_beside_redis_and_then_from_afar_is_known(near: Cli, far: Cli) -> None:
    assert near(*ARGS, stdin=users("bob", "cid")).code == 0
    assert statuses(far(*ARGS, stdin=users("bob", "cid", "dan"))) == ["exists", "exists", "submitted"]
    assert near(*ARGS, stdin=users("bob", "cid", "eve")).code == 5


@pytest.mark.parametrize("doubt", ["after", "fail"])
def test_a_batch_whose_jobs_are_done_and_gone_runs_again_and_nothing_twice(near: Cli, doubt: str) -> None:
    lines = '{"type":"x","id":"p"}\n{"type":"x","id":"c","after":["p"]}\n'
    args = [*ARGS]
    if doubt == "fail":
        lines = '{"type":"x","unique":"k"}\n{"type":"x","unique":"l"}\n'
        args += ["--if-exists", "fail"]
    assert near(*args, stdin=lines).code == 0
    near("purge", "--state", "all", "--yes")
    again = near(*args, stdin=lines)

    assert statuses(again) == ["exists", "exists"] and again.code == 0
    assert stored(near) == []
    assert near(*args, stdin=lines.replace('"type":"x"', '"type":"y"')).code == 5
