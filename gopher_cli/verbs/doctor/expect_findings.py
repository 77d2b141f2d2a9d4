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
    for expect in known:
        by_queue[expect.queue].append(expect)
    findings = [finding for queue, some in by_queue.items() for finding in _of_queue(queue, some)]
    if by_queue and not findings:
        count = sum(map(len, by_queue.values()))
        return [_finding("expected jobs", Severity.OK, "none is late", "", count=count)]
    return findings


def _of_queue(queue: str, known: Sequence[Expect]) -> list[Finding]:
    looks = (_late, _torn, _forgotten, _ahead)
    return [finding for look in looks if (finding := look(queue, known))]


def _late(queue: str, known: Sequence[Expect]) -> Finding | None:
    late = sorted(
        (expect for expect in known if expect.state == LATE), key=lambda expect: -expect.late_seconds
    )
    if not late:
        return None
    examples = tuple(
        f"{expect.name}: {_last(expect)}, late {span(expect.late_seconds)}" for expect in late[:_SHOWN]
    )
    return _finding(
        "expected jobs that are late", Severity.WARNING,
        "no job of their type has succeeded in time: does anybody submit them?", queue, count=len(late),
        examples=examples, fix=f"gopher jobs last -t {late[0].type} -Q {queue}",
    )  # fmt: skip


def _torn(queue: str, known: Sequence[Expect]) -> Finding | None:
    torn = [expect.name for expect in known if expect.state == UNREADABLE]
    if not torn:
        return None
    return _finding(
        "expects that cannot be read", Severity.WARNING, "nobody would hear that jobs are late", queue,
        count=len(torn), examples=tuple(torn[:_SHOWN]),
        fix=f"declare it anew, or: gopher expect rm {torn[0]} -Q {queue}",
    )  # fmt: skip


def _forgotten(queue: str, known: Sequence[Expect]) -> Finding | None:
    some = [expect for expect in known if expect.type and not expect.noted]
    if not some:
        return None
    return _finding(
        "successes that nobody notes", Severity.WARNING,
        "somebody has deleted data by hand: these would be late for ever", queue, count=len(some),
        examples=tuple(e.name for e in some[:_SHOWN]),
        fix=_again(some[0]),
    )  # fmt: skip


def _ahead(queue: str, known: Sequence[Expect]) -> Finding | None:
    ahead = [
        expect for expect in known if expect.type and expect.last_success > expect.now + _CLOCKS_DIFFER_MS
    ]
    if not ahead:
        return None
    return _finding(
        "successes that are yet to come", Severity.NOTE,
        "a clock was ahead: until the next success nobody would hear that these are late", queue,
        count=len(ahead), examples=tuple(expect.name for expect in ahead[:_SHOWN]),
        fix=_again(ahead[0]),
    )  # fmt: skip


def _again(expect: Expect) -> str:
    """The same declaration: it lets successes be noted again, and cuts one that is yet to come."""
    spans = f"--every {_exact(expect.every)}" + (f" --grace {_exact(expect.grace)}" if expect.grace else "")
    return f"declare it again: gopher expect {expect.name} -t {expect.type} {spans} -Q {expect.queue}"


def _exact(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


def _last(expect: Expect) -> str:
    return f"last success {ago(expect.last_success, expect.now)}" if expect.last_success else "no success yet"


def _finding(
    name: str, severity: Severity, meaning: str, queue: str, *, count: int, examples: tuple[str, ...] = (),
    fix: str = "",
) -> Finding:  # fmt: skip
    return Finding(
        section="fleet", name=name, severity=severity, meaning=meaning, queue=queue, count=count,
        examples=examples, fix=fix,
    )  # fmt: skip
