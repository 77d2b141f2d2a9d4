"""``python -m benchmarks [--quick] [--only gopher,bare,rq] [--workloads drain,pickup]``"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks import report
from benchmarks.lane import Lane
from benchmarks.report import Result
from benchmarks.server import Server
from benchmarks.workloads import WORKLOADS, Track, measure

LANES = {
    "bare": "benchmarks.bare:BareLane",
    "gopher": "benchmarks.gopher_lane:GopherLane",
    "dramatiq": "benchmarks.peers.dramatiq:DramatiqLane",
    "taskiq": "benchmarks.peers.taskiq:TaskiqLane",
    "huey": "benchmarks.peers.huey:HueyLane",
    "arq": "benchmarks.peers.arq:ArqLane",
    "saq": "benchmarks.peers.saq:SaqLane",
    "streaq": "benchmarks.peers.streaq:StreaqLane",
    "celery": "benchmarks.peers.celery:CeleryLane",
    "rq": "benchmarks.peers.rq:RqLane",
}
CROWDED = ("bare", "gopher")  # the lanes that are also tried with a million jobs waiting


def listed(allowed: Collection[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in allowed:
                raise argparse.ArgumentTypeError(f"no {name!r}; there are {', '.join(allowed)}")
        return names

    return parse


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=report.__doc__)
    parser.add_argument("--quick", action="store_true", help="one round with a tenth of the jobs")
    parser.add_argument("--only", type=listed(LANES), default=list(LANES), help="lanes")
    parser.add_argument("--workloads", type=listed(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--json", type=Path, help="default: benchmarks/results/TIME.json")
    return parser.parse_args()


def load(name: str) -> tuple[Result, type[Lane] | None]:
    """The lane's class, or a result that says why there is none."""
    module, _, attribute = LANES[name].partition(":")
    try:
        lane: type[Lane] = getattr(import_module(module), attribute)
    except ImportError as error:
        return Result(name=name, trouble=f"not installed ({error})"), None
    try:
        installed = version(lane.package) if lane.package else ""
    except PackageNotFoundError:
        installed = "source"
    return Result(name=name, version=installed, note=lane.note), lane


def attempt(track: Track, result: Result, lane: type[Lane], workload: str) -> None:
    try:
        numbers = measure(track, lane, workload)
    except Exception as error:  # a foreign system may fail in its own ways; the others go on
        result.trouble = f"{workload}: {type(error).__name__}: {error}"
        numbers = {}
    result.add(numbers)
    said = "  ".join(f"{k}={v:,.2f}" for k, v in numbers.items()) or result.trouble or "not its kind"
    print(f"  {result.name:9} {workload:8} {said}", file=sys.stderr, flush=True)


def main() -> int:
    options = arguments()
    lanes = [load(name) for name in options.only]
    there = [(result, lane) for result, lane in lanes if lane]
    # A short path: a unix socket's name has little room.
    with tempfile.TemporaryDirectory(prefix="bench-") as where, Server(Path(where)) as server:
        share = 0.1 if options.quick else 1.0
        track = Track(server=server, directory=Path(where), share=share)
        for number in range(1 if options.quick else 3):
            print(f"round {number + 1}", file=sys.stderr)
            for workload in options.workloads:
                for result, lane in there:
                    attempt(track, result, lane, workload)
            if not options.quick and "drain" in options.workloads:
                for result, lane in there:
                    if result.name in CROWDED:
                        attempt(track, result, lane, "crowded")
        about = {
            "server": f"valkey {server.version()}",
            "persistence": "none",
            "system": platform.platform(),
        }

    results = [result for result, _ in lanes]
    print(f"\n{about['server']} on a unix socket, no persistence; medians of the rounds\n")
    print(report.table(results), report.notes(results), sep="\n\n")
    path = options.json or Path(__file__).parent / "results" / time.strftime("%Y%m%d-%H%M%S.json")
    report.write_json(path, results, about)
    print(f"\nwritten to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
