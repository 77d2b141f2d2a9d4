"""Requeue: dead and waiting jobs, in their own queue or in another."""

from __future__ import annotations

import os
from collections.abc import Sequence

from gopher_cli.model.errors import BadData, GopherError, TryLater
from gopher_cli.model.job.job import JobState
from gopher_cli.model.select.actions import RETRY, RUN_NOW, Answer, Result
from gopher_cli.store import calls
from gopher_cli.store.asks import ask, outbox
from gopher_cli.store.codec import revived
from gopher_cli.verbs.core import Core, in_slices, named
from gopher_cli.verbs.outbox import relay


async def retry(core: Core, queue: str, ids: Sequence[str], *, source: str = "any") -> dict[str, Answer]:
    """Run these again now, where they are in the state ``source``."""
    done: dict[str, Answer] = {}
    async with core.operation(RETRY.audit, named(queue, ids)) as draft:
        for piece in in_slices(ids):
            done |= await core.store.run(calls.requeue(core.keys(queue), piece, source=source))
            draft.set_changed(RETRY.changed(done))
    return done


async def move(core: Core, queue: str, ids: Sequence[str], target: str) -> dict[str, Answer]:
    """Retry dead jobs in another queue, with all that is kept of them.

    They go by the outbox of their queue: each is in one place at any instant, and if we die others carry
    on. One that is locked or taken there is dead here as before; one for which others wait is left. Where
    a new job has its id here, too, it comes back under another: "<id>-<nonce>". Raises TryLater for those
    that are on their way and cannot arrive now.
    """
    if target == queue:
        return await retry(core, queue, ids, source=JobState.FAILED)
    await core.announce([target])
    words: dict[str, str] = {}
    async with core.operation("move", named(queue, ids), f"to {target}") as draft:
        for piece in in_slices(list(dict.fromkeys(ids))):
            left = await _readable(core, queue, piece, words)
            while left:
                left = await _move(core, queue, left, target, words)
                draft.set_changed([id for id, word in words.items() if word == RETRY.result])
    return {id: RETRY.read(word) for id, word in words.items()}


async def _readable(core: Core, queue: str, ids: Sequence[str], words: dict[str, str]) -> list[str]:
    """Without those whose spec cannot be read: nobody could say what to store there."""
    specs, _, _ = await core.store.ask(ask.records(core.keys(queue), ids))
    for id, spec in zip(ids, specs, strict=True):
        try:
            if spec:
                revived(id, queue, spec)
        except BadData:
            words[id] = Result.UNREADABLE
    return [id for id in ids if id not in words]


async def _move(core: Core, queue: str, ids: Sequence[str], target: str, words: dict[str, str]) -> list[str]:
    """As many as go at once; those that are left for the next time."""
    keys, nonce = core.keys(queue), os.urandom(6).hex()
    answers = await core.store.run(calls.move_out(keys, ids, target, nonce))
    words |= {id: word for id, word in answers.items() if word != "later"}
    # One that is gone may be ours: the call was sent again, and others were faster to carry it.
    names = {f"{id} {nonce}": id for id, word in answers.items() if word in ("moved", "gone")}
    await _arrive(core, queue, target, names, words)
    return [id for id, word in answers.items() if word == "later"]


async def _arrive(core: Core, queue: str, target: str, names: dict[str, str], words: dict[str, str]) -> None:
    moved = [name for name, id in names.items() if words[id] == "moved"]
    why: GopherError | None = None
    try:
        if moved:
            await relay(core, queue, moved)
        fates = await core.store.ask(outbox.fates(core.keys(target), list(names)))
    except GopherError as error:
        why, fates = error, {}
    words |= {names[name]: word for name, word in fates.items()}
    if away := [name for name in moved if name not in fates]:
        there = await core.store.ask(outbox.present(core.keys(queue), away))
        words |= {names[name]: RETRY.result for name in away}  # or they will be
        if there:
            raise TryLater(_on_their_way(len(there), target), str(why or "")) from why


async def run_now(core: Core, queue: str, ids: Sequence[str]) -> dict[str, Answer]:
    """Let scheduled and retrying jobs stand in line now, with the attempts that they have left."""
    async with core.operation(RUN_NOW.audit, named(queue, ids)) as draft:
        done = await retry(core, queue, ids, source=JobState.SCHEDULED)
        if waiting := [id for id, answer in done.items() if answer.state is JobState.RETRYING]:
            done |= await retry(core, queue, waiting, source=JobState.RETRYING)
        draft.set_changed(RUN_NOW.changed(done))
    return done


def _on_their_way(many: int, target: str) -> str:
    who = "1 job is on its way" if many == 1 else f"{many} jobs are on their way"
    return f"{who} to {target}, and will arrive when that queue can be reached"
