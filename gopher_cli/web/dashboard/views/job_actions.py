"""What operators do to jobs from a page, and how it is told afterwards."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from gopher_cli.model.select.actions import Action, Answer, Result
from gopher_cli.model.text.humanize import plural

Act = Callable[[str, Sequence[str]], Awaitable[Mapping[str, Answer]]]


async def done_to(picked: Iterable[tuple[str, str]], act: Act) -> Counter[Answer]:
    """``act`` for (queue, id) of several queues: how many jobs, by answer."""
    apart: dict[str, list[str]] = defaultdict(list)
    for queue, id in picked:
        apart[queue].append(id)
    counts: Counter[Answer] = Counter()
    for queue, ids in apart.items():
        counts.update((await act(queue, ids)).values())
    return counts


def sentence(action: Action, counts: Mapping[Answer, int]) -> tuple[str, bool]:
    """What was done, and whether anything was."""
    changed, asked, rest = 0, 0, list[str]()
    for done, count in sorted(counts.items(), key=lambda item: item[0].word):
        if done.result is action.result:
            changed += count
        elif count:
            rest.append(f"{count} {done.of_many}")
            asked += done.result is Result.REQUESTED
    parts = [f"{plural(changed, 'job')} {action.done}"] if changed or not rest else []
    return ", ".join(parts + rest) + ".", bool(changed or asked)


def picked_jobs(texts: Iterable[str]) -> list[tuple[str, str]]:
    """(queue, id) of the boxes that were ticked; what is none is left out."""
    pairs = (text.partition("/") for text in texts)
    return [(queue, id) for queue, slash, id in pairs if queue and slash and id]
