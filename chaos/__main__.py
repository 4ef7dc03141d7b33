"""`python -m chaos`: a long run in pieces, or a short one; exit code 1 when anything was lost, doubled or different."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path
from time import time

from app.settings import ROOT
from chaos.diary import Diary
from chaos.mirrored import run_mirrored
from chaos.run import FAULTS, Plan, long_plan, run, short_plan, upgrade_plan


def main() -> int:
    """Carry out what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time()) % 1_000_000, help="what the order follows from")
    parser.add_argument("--faults", type=int, default=200, help="faults in all (at least)")
    parser.add_argument("--piece", type=int, default=25, help="faults of one run; each has a broker of its own")
    parser.add_argument("--short", action="store_true", help="the form that `make test` runs")
    parser.add_argument("--only", choices=sorted(FAULTS), help="one kind of fault")
    parser.add_argument(
        "--previous",
        metavar="COMMIT",
        help="begin with this commit's code, upgrade under load, roll back, upgrade again",
    )
    parser.add_argument("--mirrored", action="store_true", help="copy the cluster, and go on with the copy")
    parser.add_argument("--log", type=Path, default=ROOT / ".run" / "chaos", help="folder of the logs")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)  # our own clients complain while the broker is away, as they should
    if chosen.mirrored:
        diary = Diary(chosen.log / f"seed-{chosen.seed}-mirrored.jsonl", quiet=False)
        return 1 if asyncio.run(run_mirrored(chosen.seed, diary)).faults else 0
    wrong = 0
    for number, plan in enumerate(_plans(chosen)):
        diary = Diary(chosen.log / f"seed-{chosen.seed}-{number}.jsonl", quiet=False)
        verdict = asyncio.run(run(plan, diary))
        wrong += len(verdict.faults)
        print(f"{diary.file}: {len(plan.order)} faults done, {len(verdict.faults)} things wrong", flush=True)
    return 1 if wrong else 0


def _plans(chosen: argparse.Namespace) -> list[Plan]:
    if chosen.short:
        return [short_plan(chosen.seed)]
    if chosen.previous:
        return [upgrade_plan(chosen.seed, chosen.previous)]
    if chosen.only:
        plan = long_plan(chosen.seed, chosen.faults, 3, minute=False)
        return [plan._replace(order=[chosen.only] * chosen.faults, broker_late=0)]
    pieces = -(-chosen.faults // chosen.piece)
    return [
        long_plan(chosen.seed * 1_000 + number, chosen.piece, 2 + number % 2, minute=number == 0)
        for number in range(pieces)
    ]


if __name__ == "__main__":
    sys.exit(main())
