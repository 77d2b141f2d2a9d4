"""The handlers of the demo beside the built-in ones, for `gopher worker --app`."""

from __future__ import annotations

import csv
import zlib
from pathlib import Path
from struct import pack

import msgspec

from gopher_cli.context import Context
from gopher_cli.gopher import Gopher

app = Gopher()


class Fractal(msgspec.Struct, frozen=True):
    """A view into the Mandelbrot set: its centre, its width, and the picture to make."""

    x: float
    y: float
    width: float
    output: str
    columns: int = 360
    rows: int = 240
    depth: int = 160


class Delivery(msgspec.Struct, frozen=True):
    """A CSV file with the columns article and pieces."""

    file: str


# In a process of its own: it keeps a core busy, and must not hold up the others.
@app.handler("fractal", isolate=True, timeout=60)
def fractal(view: Fractal, ctx: Context) -> dict[str, int | str]:
    picture = bytearray()
    step = view.width / view.columns
    for row in range(view.rows):
        y = view.y + (row - view.rows / 2) * step
        picture.append(0)  # the filter of a line of PNG
        for column in range(view.columns):
            picture += _colour(_escape(view.x + (column - view.columns / 2) * step, y, view.depth))
        if row % 8 == 0:
            ctx.progress(row / view.rows, f"row {row} of {view.rows}")
    target = Path(view.output)
    part = target.with_suffix(".part")
    part.write_bytes(_png(view.columns, view.rows, bytes(picture)))
    part.replace(target)
    ctx.log(f"wrote {target}, attempt {ctx.attempt}")
    return {"output": view.output, "bytes": target.stat().st_size}


@app.handler("import_stock")
def import_stock(delivery: Delivery, ctx: Context) -> dict[str, int]:
    """Fails as any program does whose input is missing: with a FileNotFoundError."""
    with Path(delivery.file).open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    ctx.log(f"read {len(rows)} articles from {delivery.file}")
    return {"articles": len(rows), "pieces": sum(int(row["pieces"]) for row in rows)}


def _escape(x: float, y: float, depth: int) -> int:
    point = complex(x, y)
    z = 0j
    for step in range(depth):
        z = z * z + point
        if z.real * z.real + z.imag * z.imag > 4:
            return step
    return depth


def _colour(step: int) -> bytes:
    return _PALETTE[step * 5 % 256] if step < 160 else b"\x08\x08\x18"


_PALETTE = [bytes((min(255, 9 + n), n * n // 255, 255 - n * n // 400)) for n in range(256)]


def _png(columns: int, rows: int, pixels: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    head = pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(pixels, 9)), chunk(b"IEND", b""))
    )
