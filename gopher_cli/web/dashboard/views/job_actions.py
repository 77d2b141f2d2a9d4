"""What operators do to jobs from a page, and how it is told afterwards."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from gopher_cli.gopher import Gopher
from gopher_cli.model.text.humanize import plural

# What buttons say, what was done afterwards, and the word of the verb for a job that it has changed.
NAMES = {"retry": "Retry", "promote": "Run now", "cancel": "Cancel", "purge": "Delete"}
DONE = {
    "retry": "retried", "promote": "brought forward", "cancel": "cancelled", "purge": "deleted",
    "reschedule": "rescheduled",
}  # fmt: skip
WORD = {
    "retry": "enqueued", "promote": "enqueued", "cancel": "cancelled", "purge": "deleted",
    "reschedule": "rescheduled",
}  # fmt: skip
_SAID = {
    "requested": "asked to stop",
    "again": "done already",
    "gone": "gone",
    "locked": "held back by a unique key",
    "unreadable": "unreadable",
}


async def do(gopher: Gopher, deed: str, queue: str, ids: Sequence[str]) -> dict[str, str]:
    """For each id what came of it, in the words of the verb."""
    match deed:
        case "retry":
            return await gopher.requeue(queue, ids)
        case "promote":
            return await gopher.promote(queue, ids)
        case "cancel":
            return await gopher.cancel(queue, ids)
    return await gopher.delete(queue, ids)


async def do_selected(gopher: Gopher, deed: str, picked: Iterable[tuple[str, str]]) -> Counter[str]:
    """The same for (queue, id) of several queues: how many jobs, by word."""
    words: Counter[str] = Counter()
    for queue, ids in _by_queue(picked).items():
        words.update((await do(gopher, deed, queue, ids)).values())
    return words


def _by_queue(picked: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    apart: dict[str, list[str]] = defaultdict(list)
    for queue, id in picked:
        apart[queue].append(id)
    return apart


def outcome(deed: str, words: Mapping[str, int]) -> tuple[str, bool]:
    """A sentence about it, and whether anything was done at all."""
    changed = words.get(WORD[deed], 0)
    asked = words.get("requested", 0)
    rest = {word: n for word, n in words.items() if word != WORD[deed] and n}
    parts = [f"{plural(changed, 'job')} {DONE[deed]}"] if changed or not rest else []
    parts += [f"{n} {_SAID.get(word, f'left as it is: {word}')}" for word, n in sorted(rest.items())]
    return ", ".join(parts) + ".", bool(changed or asked)


async def reschedule(
    gopher: Gopher, picked: Iterable[tuple[str, str]], *, due: float | None, delay: float
) -> Counter[str]:
    """Another time for (queue, id) of several queues: how many jobs, by word."""
    words: Counter[str] = Counter()
    for queue, ids in _by_queue(picked).items():
        words.update((await gopher.reschedule(queue, ids, due=due, delay=delay)).values())
    return words


def picked_jobs(texts: Iterable[str]) -> list[tuple[str, str]]:
    """(queue, id) of the boxes that were ticked; what is none is left out."""
    pairs = (text.partition("/") for text in texts)
    return [(queue, id) for queue, slash, id in pairs if queue and slash and id]
