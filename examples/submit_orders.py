"""Submitting from a program: each job once, however often this runs.

Run it from the directory `examples`, with a worker beside it (see shop/jobs.py):

    python submit_orders.py
"""

from __future__ import annotations

import asyncio

from gopher_cli import Gopher

ORDERS = [
    {"order": f"{1000 + n}", "email": f"customer{n}@example.com", "total": 9.9 * n} for n in range(1, 6)
]


async def main() -> None:
    # The server of the settings: REDIS_URL, or the built-in one.
    async with Gopher() as gopher:
        for order in ORDERS:
            # The same order again submits nothing twice.
            id = await gopher.submit("order.confirm", order, id=f"order-{order['order']}")
            print(f"submitted {id}")
        stats = await gopher.stats()
        print(f"{stats.pending} wait, {stats.completed} are done")


if __name__ == "__main__":
    asyncio.run(main())
