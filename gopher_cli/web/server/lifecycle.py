"""How far a server is on its way to its end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Lifecycle:
    """``draining``: it is about to end, and balancers are told so. ``ending``: nobody waits for a job now."""

    draining: bool = False
    ending: bool = False
