"""One function per script: what to send, and what the answer means. Nothing here does I/O."""

from __future__ import annotations

from gopher_cli.store.calls.base import Call
from gopher_cli.store.calls.operating import (
    Depth,
    Found,
    Record,
    cancel,
    depth,
    inspect,
    pause,
    purge,
    read_record,
    requeue,
)  # fmt: skip
from gopher_cli.store.calls.producing import LIMIT, Receipt, submit
from gopher_cli.store.calls.working import (
    Batch,
    Once,
    Promotion,
    Reclaimed,
    Renewal,
    Report,
    Settlement,
    Verdict,
    expire,
    hand_back,
    once,
    promote,
    reclaim,
    renew,
    report,
    reserve,
    settle,
)  # fmt: skip

__all__ = [
    "LIMIT", "Batch", "Call", "Depth", "Found", "Once", "Promotion", "Receipt", "Reclaimed", "Record",
    "Renewal", "Report", "Settlement", "Verdict", "cancel", "depth", "expire", "hand_back", "inspect",
    "once", "pause", "promote", "purge", "read_record", "reclaim", "renew", "report", "requeue",
    "reserve", "settle", "submit",
]  # fmt: skip
