"""gopher submit --batch: one job a line in, one line of result out, 500 jobs a round trip."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from gopher_cli.cli.batch.batch_lines import LONGEST, Checker, Made, batch_job_id, make
from gopher_cli.cli.batch.batch_marks import Marks
from gopher_cli.cli.batch.batch_readers import Reader, reader_of
from gopher_cli.cli.batch.batch_report import Report, done_lines
from gopher_cli.cli.input.payload import without_mark
from gopher_cli.cli.input.schema_check import Queues, published_types, warn_unknown
from gopher_cli.cli.render.progress import Meter
from gopher_cli.cli.render.styles import ranges
from gopher_cli.cli.shell.console import Console
from gopher_cli.model.errors import GopherError, NotFound, Usage
from gopher_cli.model.job.batch_mark import BatchMark

if TYPE_CHECKING:
    from gopher_cli.store.calls import Receipt
    from gopher_cli.verbs.protocol import Verbs

_SIZE = 500
_BLOCK = 256 * 1024
Line = tuple[int, bytes]


def submit_batch(
    console: Console,
    source: str,
    batch: str,
    type: str | None,
    given: dict[str, Any],
    fail: bool,
    lines: str = "job",
) -> int:
    """Exit code 0 when every line is in the queue, 1 when some were refused.

    Raises NotFound or Usage for the file, and whatever Redis refuses: the lines before are in.
    """
    if batch and (len(batch) > 100 or not batch.isprintable()):
        raise Usage("--batch-id is 1-100 printable characters")
    work = _Work(console, batch, type or "", given, fail, reader_of(lines))
    with _opened(source) as stream:
        work.meter.expect(stream)
        try:
            console.call(lambda gopher: work.run(gopher, stream))
        except GopherError as error:
            raise work.error_with_counts(error) from error
        finally:
            work.meter.end()
            work.report.close()
    return 1 if work.report.refused else 0


def _opened(source: str) -> BinaryIO:
    if source == "-":
        # Not sys.stdin.buffer: we read what is there, and never wait for a full buffer.
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    try:
        return open(source, "rb", buffering=0)  # noqa: PTH123
    except FileNotFoundError:
        raise NotFound(f"there is no file {source}") from None
    except OSError as error:
        raise Usage(f"cannot read {source}: {error.strerror}") from None


def pieces(stream: BinaryIO) -> Iterator[list[Line]]:
    """Numbered lines, up to 500 at once; fewer when the writer pauses, so that none waits long.

    A line past the limit comes out cut, one byte too long: it is refused, and memory stays bounded.
    A byte order mark before a line, as in files that were put together, is passed over.
    Raises Usage where the stream cannot be read.
    """
    number, rest, ready = 0, b"", []
    while block := _read(stream):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()[: LONGEST + 1]
        for line in lines:
            number += 1
            ready.append((number, without_mark(line)[: LONGEST + 1]))
            if len(ready) == _SIZE:
                yield ready
                ready = []
        if ready and not _more(stream):
            yield ready
            ready = []
    if (rest := without_mark(rest)).strip():
        ready.append((number + 1, rest))
    if ready:
        yield ready


def _read(stream: BinaryIO) -> bytes:
    try:
        return stream.read(_BLOCK)
    except OSError as error:  # such as a stdin that was opened to write
        name = stream.name if isinstance(stream.name, str) else "stdin"
        raise Usage(f"cannot read {name}: {error.strerror or error}") from None


def _more(stream: BinaryIO) -> bool:
    try:
        return bool(select.select([stream], [], [], 0)[0])
    except (OSError, ValueError):
        return True


@dataclass(slots=True)
class _Work:
    console: Console
    batch: str
    type: str
    given: dict[str, Any]
    fail_if_exists: bool
    reader: Reader
    last: int = 0
    beyond: list[Made] = field(default_factory=list)  # lines behind the last one that were told of
    queues: Queues = field(init=False)
    checkers: dict[str, Checker] = field(default_factory=dict)
    meter: Meter = field(init=False)
    report: Report = field(init=False)
    marks: Marks | None = None  # where there is a batch id
    held: list[Made] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.meter, self.queues = Meter(self.console), Queues(self.console)
        self.report = Report(self.console, self.meter)

    async def run(self, gopher: Verbs, stream: BinaryIO) -> None:
        await gopher.check(accept_eviction=self.console.settings().accepts_eviction)
        if self.batch:
            self.marks = Marks(self.batch, (await gopher.batch_marks(self.batch)).values())
        for lines in self.reader.records(pieces(stream)):
            sums = await self._follow(gopher, lines)
            made = self._made(gopher, lines)
            for one in made:
                one.adds, one.sum = sums.get(one.line, (0, 0))
                await self._check(gopher, one)
            self._note_refused(made)
            with self._telling(made):
                await self._submit(gopher, [one for one in made if one.job])
            self.last, self.beyond = lines[-1][0], []
            self.meter.show(sum(len(line) + 1 for _, line in lines), self.report.accepted + self.report.known)
        if self.marks:
            self.marks.digests.end()
            for queue, mark in self.marks.settled():
                await gopher.mark_batch(queue, self.batch, mark)

    def _made(self, gopher: Verbs, lines: Sequence[Line]) -> list[Made]:
        read = self.reader.line
        made = (
            make(gopher.defaults, number, partial(read, number, raw), self.batch, self.type, self.given)
            for number, raw in lines
            if raw.strip()
        )
        return [line for line in made if line]

    async def _follow(self, gopher: Verbs, lines: Sequence[Line]) -> dict[int, tuple[int, int]]:
        """Compare with what earlier runs have read; what was held back until that is known is stored then."""
        if not self.marks:
            return {}
        sums = self.marks.follow(lines)
        held, self.held = ([], self.held) if self.marks.digests.expected else (self.held, [])
        for start in range(0, len(held), _SIZE):
            with self._telling(held[start : start + _SIZE]) as some:
                await self._send(gopher, some)
        return sums

    async def _check(self, gopher: Verbs, made: Made) -> None:
        """Refuse what does not fit what workers have published; asked once for each type."""
        if made.job is None:
            return
        await self.queues.look(gopher, made.job.queue)
        type = made.job.spec.type
        if type not in self.checkers:
            known = await published_types(gopher)
            self.checkers[type] = Checker(known.get(type) or {})
            warn_unknown(self.console, type, known)
        self.checkers[type].check(made)

    async def _submit(self, gopher: Verbs, made: Sequence[Made]) -> None:
        fresh = [line for line in made if not await self._is_done(gopher, line)]
        if self.marks and self.marks.digests.expected:  # nothing is stored before it is known to be the same
            self.held += fresh
            return
        await self._send(gopher, fresh)

    async def _send(self, gopher: Verbs, lines: Sequence[Made]) -> None:
        """Raises as the verb does; of some lines it is known then what has become of them."""
        from gopher_cli.verbs.submit import partial_submit_of

        while lines:
            unsure = [line for line in lines if not self._is_sure(line)]
            marks = self.marks.of(lines, unsure) if self.marks else ()
            jobs = [line.job for line in lines if line.job]
            try:
                receipts = await gopher.submit_many(jobs, batch=self.batch, marks=marks)
            except GopherError as error:
                partial = partial_submit_of(error)
                self._take(lines, partial.receipts, unsure)
                for i in partial.unknown:
                    lines[i].id, lines[i].status = jobs[i].id, "unknown"
                if not partial.goes_on:
                    raise
                lines = [line for line in lines if not line.is_known]
            else:
                self._take(lines, dict(enumerate(receipts)), unsure)
                return

    def _take(self, lines: Sequence[Made], receipts: Mapping[int, Receipt], unsure: Sequence[Made]) -> None:
        """What became of these, as far as it is known."""
        from gopher_cli.verbs.submit import being_cancelled

        taken = [lines[i] for i in receipts]
        for line, receipt in zip(taken, receipts.values(), strict=True):
            line.id = receipt.duplicate_of or receipt.id
            line.status = "submitted" if receipt.accepted else "exists"
            if receipt.refused:
                line.status, line.id, line.error = "refused", "", receipt.refused
            elif receipt.stops:
                later = being_cancelled(receipt)
                line.status, line.error = "refused", f"{later}; {later.hint}"
            elif not receipt.accepted and self.fail_if_exists and not self._is_ours(line.line, line.id):
                line.status, line.error = "refused", f"there is such a job already: {line.id}"
        self._note_refused(taken)
        if self.marks:
            self.marks.taken(taken, [line for line in unsure if line.is_known])

    def _note_refused(self, made: Sequence[Made]) -> None:
        for line in made:
            if self.marks and line.error:
                self.marks.refuse(line)

    def _is_sure(self, line: Made) -> bool:
        """Will it be stored, whatever there is?"""
        if line.job is None or line.job.spec.options.after:
            return False
        if not self.fail_if_exists:
            return True
        return not line.job.lock and self._is_ours(line.line, line.job.id)

    def _is_ours(self, line: int, id: str) -> bool:
        """Is this the id that the batch gives to this line? Who has it is from an earlier run."""
        return bool(self.batch) and id == batch_job_id(self.batch, line)

    async def _is_done(self, gopher: Verbs, line: Made) -> bool:
        """Was this line submitted by an earlier run of the same batch?"""
        if not self.marks or line.job is None:
            return False
        queue = line.job.queue
        if not self.marks.knows(queue):
            self.marks.note(queue, await self._mark(gopher, queue))
        if self.marks.skips(queue, line.line):
            line.id, line.status = line.job.id, "exists"
            return True
        return False

    async def _mark(self, gopher: Verbs, queue: str) -> BatchMark:
        """How far an earlier run came. What it left there may not be as safe yet as is asked for now."""
        marks = await gopher.batch_marks(self.batch, queue)
        if not marks:
            return BatchMark()
        await gopher.confirm(queue)
        again = await gopher.batch_marks(self.batch, queue)  # another server may know less
        return min(marks[queue], again.get(queue, BatchMark()), key=lambda mark: mark.line)

    @contextmanager
    def _telling(self, made: Sequence[Made]) -> Iterator[Sequence[Made]]:
        """Tell of these when it is over, or as far as is known where an error ends it."""
        try:
            yield made
        finally:
            known = [line for line in made if line.is_known]
            self.beyond += known
            self.report.tell(known)

    def error_with_counts(self, error: GopherError) -> GopherError:
        """The same error, with how far we came."""
        unknown = [one.line for one in self.beyond if one.status == "unknown"]
        beyond = [one.line for one in self.beyond if one.status in ("submitted", "exists")]
        maybe = f"{ranges(unknown)} may be" if unknown else ""
        again = f"go on after line {self.last}" if self.last else ""
        if self.batch:
            again = f"run it again with --batch-id {self.batch}"
        elif unknown or beyond:
            again = "-o plain tells of each line, with the id of its job"
        parts = "; ".join(filter(None, (done_lines(self.last, beyond), maybe, again)))
        counted = GopherError(f"{error} ({parts})", error.hint)
        counted.exit_code = error.exit_code
        return counted
