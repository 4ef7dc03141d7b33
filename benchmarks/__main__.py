"""`python -m benchmarks [NAME …]`: measure, print tables, keep results."""

import argparse
import logging
from collections.abc import Callable
from typing import Final

from benchmarks import engines, gate, growth, latency, profile, start, throughput
from benchmarks.machine import description
from benchmarks.report import Result, publish
from benchmarks.scale import measuring

Measure = Callable[[float], Result]

BENCHMARKS: Final[dict[str, Measure]] = {
    "engines": engines.measure,
    "throughput": throughput.measure,
    "latency": latency.measure,
    "growth": growth.measure,
    "scale": measuring.measure,
    "gate": gate.measure,
    "profile": profile.measure,
    "start": start.measure,
}


def main() -> None:
    """Run the benchmarks named, all of them when none is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"what to measure: {', '.join(BENCHMARKS)}; all when left out")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the events of each run")
    chosen = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # new topics have no leader for a moment
    if unknown := sorted(set(chosen.name) - set(BENCHMARKS)):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    for name in chosen.name or BENCHMARKS:
        machine = description()
        publish(BENCHMARKS[name](chosen.scale), machine)


if __name__ == "__main__":
    main()
