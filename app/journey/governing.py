"""Which policy decides on a partition: the one its log activated last, kept in the table under `POLICY_KEY`.

Journey and register share it: each partition of their logs carries its own activations (decision 0008).
"""

from collections.abc import Mapping

from app.decide.loading import compile_policy
from app.decide.policy import Policy
from app.errors import SetupError
from app.facts import Fact, decode_fact
from app.journey.state import POLICY_KEY
from app.journey.stored import decode_policy
from app.stage import Effects, LogRecord


class PartitionPolicies:
    """The compiled policies of the partitions a stage has worked, each as its table stores it."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[bytes, Policy]] = {}

    def active(self, partition: int, table: Mapping[bytes, bytes]) -> Policy | None:
        """Return the partition's policy, None before its first activation."""
        value = table.get(POLICY_KEY)
        if value is None:
            return None
        known = self._known.get(partition)
        if known is None or known[0] != value:
            known = self._known[partition] = (value, compile_policy(decode_policy(value).files))
        return known[1]

    def activated(self, partition: int, policy: Policy, effects: Effects) -> None:
        """Keep what a round activated, so that the next one need not compile it again."""
        self._known[partition] = (effects.changes[POLICY_KEY] or b"", policy)


def required(policy: Policy | None) -> Policy:
    """Return the policy; SetupError when none was activated before the first event."""
    if policy is None:
        msg = "no policy is active on this partition: run `makegood policy activate` before any events"
        raise SetupError(msg)
    return policy


def fact_in(record: LogRecord) -> Fact:
    """Return the fact of a log record; ValueError when it has no value (nothing of ours writes those)."""
    if record.value is None:
        msg = f"record without a value at {record.topic}/{record.partition}/{record.offset}: nothing writes those"
        raise ValueError(msg)
    return decode_fact(record.value)
