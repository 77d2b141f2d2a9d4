"""What became of each job that a command named: rows, and the exit code of all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gopher_cli.cli.console import Console
from gopher_cli.cli.tables import Column, Listing
from gopher_cli.cli.words import short_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One job. ``code`` is 0 where it went well; ``word`` says what happened, or why not;
    ``due`` is when it runs, epoch ms, where that was the question."""

    id: str
    queue: str
    word: str
    code: int = 0
    due: int = 0

    @classmethod
    def of(cls, queue: str, id: str, word: str, known: Mapping[str, tuple[str, int]]) -> Outcome:
        """``known`` puts the words of a verb into sentences; any other is a state that forbids it."""
        said, code = known.get(word, (f"it is {word}", 5))
        return cls(id=id, queue=queue, word=said, code=code)


def told(console: Console, outcomes: Sequence[Outcome], *more: Column) -> int:
    """Print them, with ``more`` columns where the verb has more to say.

    The worst exit code: 0, 3 for a job that is gone, 5 for one in the wrong state.
    """

    def record(one: Outcome) -> dict[str, object]:
        added = {column.name.replace(" ", "_"): column.value(one) or None for column in more}
        return {"id": one.id, "queue": one.queue, "ok": not one.code, "outcome": one.word} | added

    columns = (*COLUMNS, *more)
    console.rows(
        Listing(rows=outcomes, columns=columns, record=record, id=lambda one: one.id, empty="no jobs")
    )
    return max((one.code for one in outcomes), default=0)


COLUMNS = (
    Column(name="id", show=lambda r: short_id(r.id), raw=lambda r: r.id, keep=9),
    Column(name="queue", show=lambda r: r.queue, keep=3),
    Column(
        name="outcome",
        show=lambda r: r.word,
        keep=8,
        most=60,
        least=12,
        style=lambda r: "red" if r.code else "green",
    ),
)
