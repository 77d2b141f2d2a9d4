"""The work of the demo: what is submitted, what it reads, what it makes."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

PICTURES = [f"photo-{number}" for number in range(1, 9)]
PEOPLE = ("ann", "ben", "chloe", "dan", "eva", "finn")
SHOPS = ("berlin", "lima", "oslo")
# Name, centre and width of a view into the Mandelbrot set.
VIEWS = {
    "seahorse": (-0.7453, 0.1127, 0.0065),
    "elephant": (0.2820, 0.0100, 0.0120),
    "spiral": (-0.7616, -0.0847, 0.0040),
    "island": (-1.7687, 0.0017, 0.0300),
}

DRAWN = [f"pictures/{name}.jpg" for name in PICTURES]
ORDERS = "data/orders.csv"
STOCKS = [f"data/stock-{shop}.csv" for shop in SHOPS]
THUMBNAILS = [f"thumbnails/{name}.webp" for name in PICTURES]
FRACTALS = [f"fractals/{name}.png" for name in VIEWS]
MAILS = [f"outbox/mail-{name}.eml" for name in PEOPLE]
REPORTS = ["reports/sales-by-region.md", "reports/queue.md"]
PACKED = f"{ORDERS}.gz"
EVERY_FILE = (
    *DRAWN, ORDERS, *STOCKS, *THUMBNAILS, *FRACTALS, *MAILS, *REPORTS, PACKED,
)  # fmt: skip

# Payload on stdin, log on stderr, the last line of stdout is the result.
PROGRAM = """\
#!/bin/sh
set -eu
cd "$GOPHER_WORKER_DIR"  # it starts in an empty directory of its own
file=$(sed -n 's/.*"file": *"\\([^"]*\\)".*/\\1/p')
echo "compressing $file, attempt $GOPHER_ATTEMPT" >&2
gzip -9c "$file" > "$file.gz"
printf '{"output":"%s.gz","bytes":%s}\\n' "$file" "$(wc -c < "$file.gz" | tr -d ' ')"
"""


def can_draw() -> bool:
    """Pillow is an extra."""
    return find_spec("PIL") is not None


def results() -> list[str]:
    """The files that the jobs make."""
    thumbnails = THUMBNAILS if can_draw() else []
    return [*thumbnails, *FRACTALS, *MAILS, *REPORTS, PACKED]


def batch() -> list[dict[str, Any]]:
    """One line each of jobs.ndjson."""
    return [*_fractals(), *_thumbnails(), *_mails(), *_papers(), *_stocks(), *_sums()]


def _fractals() -> list[dict[str, Any]]:
    return [
        _job(
            f"fractal-{name}", "fractal", {"x": x, "y": y, "width": width, "output": output},
            priority="high", tags=["slow"],
        )
        for (name, (x, y, width)), output in zip(VIEWS.items(), FRACTALS, strict=True)
    ]  # fmt: skip


def _thumbnails() -> list[dict[str, Any]]:
    if not can_draw():
        return []
    return [
        _job(
            f"thumbnail-{number}", "image_processing",
            {"operation": "thumbnail", "source": source, "width": 320, "output": output},
        )
        for number, (source, output) in enumerate(zip(DRAWN, THUMBNAILS, strict=True), 1)
    ]  # fmt: skip


def _mails() -> list[dict[str, Any]]:
    return [
        _job(
            f"mail-{name}", "email",
            {"to": f"{name}@example.com", "template": "welcome", "data": {"username": name.title()}},
        )
        for name in PEOPLE
    ]  # fmt: skip


def _papers() -> list[dict[str, Any]]:
    sales = {"report_type": "sales by region", "source": ORDERS, "group_by": "region"}
    return [
        _job("report-sales", "report", sales | {"sum": "amount", "output": REPORTS[0]}),
        _job("compress-orders", "compress", {"file": ORDERS}),
        _job(
            "report-later", "report", {"report_type": "daily_summary", "output": REPORTS[1]},
            **{"in": "6s"},
        ),
    ]  # fmt: skip


def _stocks() -> list[dict[str, Any]]:
    """These fail: nobody has delivered their files yet."""
    return [
        _job(f"stock-{shop}", "import_stock", {"file": file}, max_retries=1, backoff="fixed:1s")
        for shop, file in zip(SHOPS, STOCKS, strict=True)
    ]


def _sums() -> list[dict[str, Any]]:
    return [_job(f"sum-{n}", "math", {"op": "add", "a": n, "b": n * n}, priority="low") for n in range(1, 13)]


def _job(id: str, type: str, payload: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"id": id, "type": type, "payload": payload, **options}
