"""Every topic, declared once: `makegood topics apply` creates them from here, never auto-create."""

from enum import StrEnum
from typing import Final, NamedTuple

from app.clock import DAY, HOUR, MINUTE


class Topic(StrEnum):
    """Logical names; on the wire a namespace's prefix comes before them."""

    ORDERS = "orders"
    TRACKING_SCANS = "tracking-scans"
    CASE_EVENTS = "case-events"
    CUSTOMERS = "customers"
    CAMPAIGNS = "campaigns"
    REMEDY_OUTCOMES = "remedy-outcomes"
    OPERATOR_DECISIONS = "operator-decisions"

    DIRECTORY = "directory"
    JOURNEY_LOG = "journey-log"
    REGISTER_LOG = "register-log"
    DIRECTORY_CHANGELOG = "directory-changelog"
    JOURNEY_CHANGELOG = "journey-changelog"
    REGISTER_CHANGELOG = "register-changelog"

    SUPPRESSIONS = "suppressions"
    REMEDIES = "remedies"
    NOTICES = "notices"
    ESCALATIONS = "escalations"
    BRIEFINGS = "briefings"
    DECISIONS = "decisions"
    DEAD_LETTERS = "dead-letters"


INPUTS: Final = (
    Topic.ORDERS,
    Topic.TRACKING_SCANS,
    Topic.CASE_EVENTS,
    Topic.CUSTOMERS,
    Topic.CAMPAIGNS,
    Topic.REMEDY_OUTCOMES,
    Topic.OPERATOR_DECISIONS,
)
LOGS: Final = (Topic.DIRECTORY, Topic.JOURNEY_LOG, Topic.REGISTER_LOG)
CHANGELOGS: Final = (Topic.DIRECTORY_CHANGELOG, Topic.JOURNEY_CHANGELOG, Topic.REGISTER_CHANGELOG)
OUTPUTS: Final = (
    Topic.SUPPRESSIONS,
    Topic.REMEDIES,
    Topic.NOTICES,
    Topic.ESCALATIONS,
    Topic.BRIEFINGS,
    Topic.DECISIONS,
    Topic.DEAD_LETTERS,
)


class Retention(NamedTuple):
    """How long records stay: for `keep_ms` and a day at most, or compacted to the newest of each key."""

    compacted: bool
    keep_ms: int

    def config(self) -> dict[str, str]:
        """Return the topic configuration that Kafka is given."""
        if not self.compacted:
            # a segment goes when its newest record may: rolled by the week, as brokers do, a record lived a week longer
            return {"cleanup.policy": "delete", "retention.ms": str(self.keep_ms), "segment.ms": str(DAY)}
        return {
            "cleanup.policy": "compact",
            "min.cleanable.dirty.ratio": "0.1",
            "max.compaction.lag.ms": str(30 * MINUTE),
            "segment.bytes": str(64 * 1024 * 1024),
            "segment.ms": str(10 * MINUTE),
            "delete.retention.ms": str(self.keep_ms),
        }


class Declaration(NamedTuple):
    """One topic as it must be on the cluster. `follows_logs`: it has as many partitions as the logs."""

    topic: Topic
    retention: Retention
    follows_logs: bool

    def config(self) -> dict[str, str]:
        """Return the full topic configuration: retention and the broker's own time on every record."""
        return {**self.retention.config(), "message.timestamp.type": "LogAppendTime"}


_WEEK = Retention(compacted=False, keep_ms=7 * DAY)
_FORTNIGHT = Retention(compacted=False, keep_ms=14 * DAY)
_MONTH = Retention(compacted=False, keep_ms=30 * DAY)
_COMPACTED = Retention(compacted=True, keep_ms=24 * HOUR)


def declarations() -> tuple[Declaration, ...]:
    """Return every topic's declaration, in the order they are created."""
    return (
        *(Declaration(topic, _WEEK, follows_logs=False) for topic in INPUTS),
        *(Declaration(topic, _WEEK, follows_logs=True) for topic in LOGS),
        *(Declaration(topic, _COMPACTED, follows_logs=True) for topic in CHANGELOGS),
        *(Declaration(topic, _retention_of(topic), follows_logs=False) for topic in OUTPUTS),
    )


def _retention_of(output: Topic) -> Retention:
    if output is Topic.SUPPRESSIONS:
        return _COMPACTED
    return _FORTNIGHT if output is Topic.DEAD_LETTERS else _MONTH
