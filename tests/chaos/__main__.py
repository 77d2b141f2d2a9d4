"""python -m chaos --seconds 300 --seed 7: run it, tell of it, and end with one line of verdict."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys

import reaper

from chaos.run import Plan, run


def main() -> int:
    words = argparse.ArgumentParser(prog="chaos", description=__doc__)
    words.add_argument("--seconds", type=float, default=300.0)
    words.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    words.add_argument("--lease", type=float, default=15.0, help="seconds; the heartbeat is a third of it")
    words.add_argument("--rate", type=float, default=40.0, help="jobs a second")
    words.add_argument("--calm", type=float, default=5.0, help="seconds between recovery and the next storm")
    words.add_argument("--soak", action="store_true", help="one worker is left alone, and must not grow")
    given = words.parse_args()
    reaper.start()
    plan = Plan(given.seconds, given.seed, given.lease, given.rate, given.calm, soak=given.soak)
    print(f"seed {plan.seed}: again with --seed {plan.seed}", flush=True)
    verdict = asyncio.run(run(plan, lambda text: print(text, flush=True)))
    print(verdict)
    return 0 if verdict.holds else 1


sys.exit(main())
