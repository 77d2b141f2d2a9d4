"""A program that submits until a file appears: `python -m skew.submitting FILE`. It says what it is."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from faults.ledger import here

from gopher_cli import Producer, __version__


def main(end: Path) -> None:
    print(__version__, flush=True)
    ledger = here()
    with Producer() as producer:
        while not end.exists():
            jobs = [producer.job("quick", {}, retention=600.0) for _ in range(5)]
            receipts = producer.submit_many(jobs)
            ledger.accept(*(receipt.id for receipt in receipts if receipt.accepted))
            time.sleep(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
