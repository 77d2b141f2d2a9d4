"""Who does what is being done: known at the doors, written down by the verbs that change something.

A door sets it for as long as it works for somebody; where nobody has, nothing is written down.
"""

from __future__ import annotations

from contextvars import ContextVar

ACTOR: ContextVar[str] = ContextVar("actor", default="")
