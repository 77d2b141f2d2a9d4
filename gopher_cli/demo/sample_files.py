"""What the jobs of the demo read: pictures, orders and stock, made on the spot."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

from gopher_cli.demo.workload import DRAWN, ORDERS, PROGRAM, batch, can_draw

_REGIONS = ("north", "south", "east", "west")
_SIZE = (1600, 1066)


def prepare(root: Path) -> None:
    """Everything but the stock: that is what goes wrong."""
    for folder in ("pictures", "data", "thumbnails", "fractals", "reports"):
        (root / folder).mkdir(exist_ok=True)
    _orders(root / ORDERS)
    if can_draw():
        for number, name in enumerate(DRAWN):
            _draw(root / name, random.Random(number))
    program = root / "compress.sh"
    program.write_text(PROGRAM, encoding="utf-8")
    program.chmod(0o755)
    lines = [json.dumps(job, separators=(",", ":")) + "\n" for job in batch()]
    (root / "jobs.ndjson").write_text("".join(lines), encoding="utf-8")


def deliver_stock(path: Path) -> None:
    chance = random.Random(path.name)
    with path.open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(("article", "pieces"))
        table.writerows((f"A-{number:03}", chance.randint(0, 90)) for number in range(1, 121))


def _orders(path: Path) -> None:
    chance = random.Random(7)
    with path.open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(("order", "region", "amount"))
        for number in range(1, 5001):
            amount = f"{chance.uniform(5, 500):.2f}"
            table.writerow((number, chance.choice(_REGIONS), amount))


def _draw(path: Path, chance: random.Random) -> None:
    """Hills under a low sun."""
    from PIL import Image, ImageDraw

    width, height = _SIZE
    top, low = _colour(chance, 60, 140), _colour(chance, 170, 250)
    mask = Image.linear_gradient("L").resize(_SIZE)
    picture = Image.composite(Image.new("RGB", _SIZE, low), Image.new("RGB", _SIZE, top), mask)
    pen = ImageDraw.Draw(picture)
    x, y, r = chance.randint(200, width - 200), chance.randint(250, 600), chance.randint(60, 140)
    pen.ellipse((x - r, y - r, x + r, y + r), fill=(255, 236, 190))
    for layer in range(4):
        shade = (40 - layer * 8, 70 - layer * 14, 80 - layer * 12)
        level = height * (0.55 + layer * 0.11)
        hills = [(step * 100, level - chance.randint(0, 150)) for step in range(17)]
        pen.polygon([(0, height), *hills, (width, height)], fill=shade)
    picture.save(path, quality=90)


def _colour(chance: random.Random, low: int, high: int) -> tuple[int, int, int]:
    return chance.randint(low, high), chance.randint(low, high), chance.randint(low, high)
