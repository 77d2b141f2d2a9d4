"""The jobs of a small shop: one handler of each kind.

Run it from the directory `examples`:

    gopher worker --app shop.jobs:app --exec resize=./resize.sh --builtin email
    gopher submit -t order.confirm order=1001 email=ann@example.com total:=59.9
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from gopher_cli import Context, Discard, Gopher, Retry, Snooze

app = Gopher()


@dataclass(frozen=True)
class Order:
    """Every payload is checked against its type: `gopher submit` names the field that is wrong."""

    order: str
    email: str
    total: float = 0.0


class Sales(TypedDict):
    source: str
    output: str


@dataclass(frozen=True)
class Password:
    text: str
    rounds: int = 300_000


@app.handler("order.confirm", timeout=30, retries=5, backoff="exp:2s")
async def confirm(order: Order, ctx: Context) -> dict[str, str]:
    """Async: many of these wait at the same time, on one loop."""
    if order.total < 0:
        raise Discard(f"order {order.order} has a negative total: no retry can mend that")
    # Once per job, over all its attempts: a crash after the booking does not book again.
    receipt = await ctx.once("book", lambda: _book(order))
    # Accepted in the same instant in which this job completes, or not at all.
    mail = ctx.submit(
        "email",
        {"to": order.email, "subject": f"Order {order.order}", "body": f"Receipt {receipt}"},
    )
    ctx.log(f"booked {order.order}, the mail is job {mail}")
    return {"receipt": receipt, "mail": mail}


@app.handler("sales.total")
def total(sales: Sales, ctx: Context) -> dict[str, float]:
    """Sync: it runs in a thread, and may block."""
    source = Path(sales["source"])
    if not source.exists():
        if ctx.attempt > 2:
            raise Retry(f"{source} is still missing", delay=60)
        raise Snooze(10)  # not there yet: come back later, without spending an attempt
    with source.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    for number, _ in enumerate(rows, 1):
        ctx.progress(number / len(rows), f"row {number}")
    amount = round(sum(float(row["amount"]) for row in rows), 2)
    Path(sales["output"]).write_text(f"{amount}\n")
    return {"rows": len(rows), "amount": amount}


@app.handler("password.hash", isolate=True, timeout=20)
def hash_password(password: Password) -> str:
    """Isolated: a process of its own, which keeps a core busy and can be killed."""
    return hashlib.pbkdf2_hmac("sha256", password.text.encode(), b"shop", password.rounds).hex()


async def _book(order: Order) -> str:
    await asyncio.sleep(0.01)  # here a real shop would call its bank
    return f"R-{hashlib.sha256(order.order.encode()).hexdigest()[:8]}"
