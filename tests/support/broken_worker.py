"""The product's own worker with a bug: it cannot bear facts whose id holds `breaks-us`, in whatever state they come."""

import sys

from app import main
from app.decide.policy import Policy
from app.facts import Fact
from app.journey import stage
from app.journey.state import CustomerState
from app.journey.step import Stepped, step
from app.settings import KafkaSettings, WorkerSettings


class BugError(Exception):
    """The bug."""


def _broken(policy: Policy, state: CustomerState, fact: Fact) -> Stepped:
    if "breaks-us" in fact.id:
        raise BugError
    return step(policy, state, fact)


if __name__ == "__main__":
    vars(stage)["step"] = _broken
    sys.exit(main.worker(WorkerSettings(), KafkaSettings()))
