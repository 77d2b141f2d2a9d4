"""Findings about what jobs are expected to succeed. No I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from gopher_cli.model.findings import Finding, Severity
from gopher_cli.model.schedule.expect import LATE, UNREADABLE, Expect
from gopher_cli.model.text.humanize import ago, span

_SHOWN = 5
_CLOCKS_DIFFER_MS = 60_000  # a fail-over may bring another server's clock


def of_expects(known: Iterable[Expect]) -> list[Finding]:
    """What is late, by queue, and what nobody would hear of; one line where all is well."""
    by_queue: dict[str, list[Expect]] = defaultdict(list)
    for one in known:
        by_queue[one.queue].append(one)
    found = [finding for queue, some in by_queue.items() for finding in _of_queue(queue, some)]
    if by_queue and not found:
        count = sum(map(len, by_queue.values()))
        return [_finding("expected jobs", Severity.OK, "none is late", "", count=count)]
    return found


def _of_queue(queue: str, known: Sequence[Expect]) -> list[Finding]:
    looks = (_late, _torn, _forgotten, _ahead)
    return [found for look in looks if (found := look(queue, known))]


def _late(queue: str, known: Sequence[Expect]) -> Finding | None:
    late = sorted((one for one in known if one.state == LATE), key=lambda one: -one.late_seconds)
    if not late:
        return None
    examples = tuple(f"{one.name}: {_last(one)}, late {span(one.late_seconds)}" for one in late[:_SHOWN])
    return _finding(
        "expected jobs that are late", Severity.WARNING,
        "no job of their type has succeeded in time: does anybody submit them?", queue, count=len(late),
        examples=examples, fix=f"gopher jobs last -t {late[0].type} -Q {queue}",
    )  # fmt: skip


def _torn(queue: str, known: Sequence[Expect]) -> Finding | None:
    torn = [one.name for one in known if one.state == UNREADABLE]
    if not torn:
        return None
    return _finding(
        "expects that cannot be read", Severity.WARNING, "nobody would hear that jobs are late", queue,
        count=len(torn), examples=tuple(torn[:_SHOWN]),
        fix=f"declare it anew, or: gopher expect rm {torn[0]} -Q {queue}",
    )  # fmt: skip


def _forgotten(queue: str, known: Sequence[Expect]) -> Finding | None:
    some = [one for one in known if one.type and not one.noted]
    if not some:
        return None
    return _finding(
        "successes that nobody notes", Severity.WARNING,
        "somebody has deleted data by hand: these would be late for ever", queue, count=len(some),
        examples=tuple(e.name for e in some[:_SHOWN]),
        fix=_again(some[0]),
    )  # fmt: skip


def _ahead(queue: str, known: Sequence[Expect]) -> Finding | None:
    ahead = [one for one in known if one.type and one.last_success > one.now + _CLOCKS_DIFFER_MS]
    if not ahead:
        return None
    return _finding(
        "successes that are yet to come", Severity.NOTE,
        "a clock was ahead: until the next success nobody would hear that these are late", queue,
        count=len(ahead), examples=tuple(one.name for one in ahead[:_SHOWN]),
        fix=_again(ahead[0]),
    )  # fmt: skip


def _again(one: Expect) -> str:
    """The same declaration: it lets successes be noted again, and cuts one that is yet to come."""
    spans = f"--every {_exact(one.every)}" + (f" --grace {_exact(one.grace)}" if one.grace else "")
    return f"declare it again: gopher expect {one.name} -t {one.type} {spans} -Q {one.queue}"


def _exact(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


def _last(one: Expect) -> str:
    return f"last success {ago(one.last_success, one.now)}" if one.last_success else "no success yet"


def _finding(
    name: str, severity: Severity, meaning: str, queue: str, *, count: int, examples: tuple[str, ...] = (),
    fix: str = "",
) -> Finding:  # fmt: skip
    return Finding(
        section="fleet", name=name, severity=severity, meaning=meaning, queue=queue, count=count,
        examples=examples, fix=fix,
    )  # fmt: skip
