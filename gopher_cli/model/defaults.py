"""What a job gets where its submitter says nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """Seconds throughout."""

    queue: str = "default"
    max_retries: int = 3
    timeout: float = 300.0
    backoff: str = "exp:5s"
    retention: float = 86400.0
    max_losses: int = 3
    lease: float = 15.0
    durability: str = "memory"
