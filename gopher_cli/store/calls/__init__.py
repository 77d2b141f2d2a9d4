"""One function per script: what to send, and what the answer means. Nothing here does I/O."""

from __future__ import annotations

from gopher_cli.store.calls.auditing import (
    AUDITED,
    Count,
    Facts,
    Mending,
    audit,
    clear,
    mend,
    recount,
    rights,
)
from gopher_cli.store.calls.base import Call
from gopher_cli.store.calls.fleet import beat, order, write_down
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
from gopher_cli.store.calls.outbox import Cargo, Carried, bring_back, carry, ended, take_out
from gopher_cli.store.calls.producing import LIMIT, Receipt, submit
from gopher_cli.store.calls.rescheduling import reschedule
from gopher_cli.store.calls.sampling import sample
from gopher_cli.store.calls.working import (
    FETCHED,
    RECLAIMED,
    Batch,
    Expired,
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
    readmit,
    reclaim,
    renew,
    report,
    reserve,
    settle,
)  # fmt: skip

__all__ = [
    "AUDITED", "FETCHED", "LIMIT", "RECLAIMED", "Batch", "Call", "Cargo", "Carried", "Count", "Depth",
    "Expired", "Facts", "Found", "Mending", "Once", "Promotion", "Receipt", "Reclaimed", "Record",
    "Renewal", "Report", "Settlement", "Verdict", "audit", "beat", "bring_back", "cancel", "carry", "clear",
    "depth", "ended", "expire", "hand_back", "inspect", "mend", "once", "order", "pause", "promote", "purge",
    "read_record", "readmit", "reclaim", "recount", "renew", "report", "requeue", "reschedule", "reserve",
    "rights", "sample", "settle", "submit", "take_out", "write_down",
]  # fmt: skip
