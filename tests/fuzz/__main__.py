"""`make fuzz`: `python -m tests.fuzz [--cases N] [--seed S] [--target NAME] [--first N]`.

Exit code 1 when a case crashed, hung or was swallowed; each is printed with what repeats it alone.
"""

import argparse
import sys

from tests.fuzz.all_targets import targets
from tests.fuzz.run import Outcome, run_one, table


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz")
    asked.add_argument("--cases", type=int, default=1_050_000, help="cases of all targets together")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--target", help="only this one, with all the cases")
    asked.add_argument("--first", type=int, default=0, help="number of the first case, with --target")
    given = asked.parse_args()
    chosen = [target for target in targets() if given.target in {None, target.name}]
    if not chosen:
        asked.error(f"no target {given.target}: there are {', '.join(target.name for target in targets())}")
    outcomes = []
    for target in chosen:
        cases = given.cases if given.target else max(1, given.cases * target.share // 1000)
        outcome = run_one(target, range(given.first, given.first + cases), given.seed)
        outcomes.append(outcome)
        _tell(outcome)
    print(f"\nseed {given.seed}\n")
    print("\n".join(table(outcomes)))
    return 1 if any(outcome.findings for outcome in outcomes) else 0


def _tell(outcome: Outcome) -> None:
    rate = outcome.cases / outcome.seconds
    print(
        f"{outcome.target.name}: {outcome.cases} cases, {rate:,.0f}/s; {dict(outcome.came_to.most_common(8))}",
        flush=True,
    )
    for finding in outcome.findings:
        print(f"  repeat with --seed {finding.seed} --target {finding.target} --first {finding.number} --cases 1")
        print("    " + finding.trace.replace("\n", "\n    "), flush=True)


if __name__ == "__main__":
    sys.exit(main())
