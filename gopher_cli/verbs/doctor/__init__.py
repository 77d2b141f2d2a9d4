"""The doctor's verbs at the door. What they do is loaded when it is asked for: no other command needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gopher_cli.verbs.core import Core

if TYPE_CHECKING:
    from gopher_cli.verbs.doctor.diagnose import Diagnosis
    from gopher_cli.verbs.doctor.repair import Repair


async def diagnose(
    core: Core, queues: Sequence[str] = (), *, data: bool = True, tell: Callable[[str], None] = lambda _: None
) -> Diagnosis:
    """What is wrong with the server, the fleet and the data, as far as it can be seen from here.

    It needs an event loop. ``tell`` hears what is being looked at. Raises Unavailable, NotFound.
    """
    from gopher_cli.verbs.doctor.diagnose import diagnose

    return await diagnose(core, queues, data=data, tell=tell)


async def heal(core: Core, diagnosis: Diagnosis) -> list[Repair]:
    """Repair what a diagnosis has found, as far as that is safe; what was changed."""
    from gopher_cli.verbs.doctor.repair import heal

    async with core.operation("repair", "what gopher doctor has found") as draft:
        done = await heal(core, diagnosis)
        draft.changed = sum(repair.count for repair in done)
    return done
