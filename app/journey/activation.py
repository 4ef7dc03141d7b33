"""The record by which a policy begins to decide.

The version is the folder's content address and the record carries the whole folder: a rolling change never lets two
workers decide one fact differently, and a replay of the log needs nothing else (decision 0008).
"""

from app.clock import Instant
from app.facts import Fact, PolicyActivated, Source, Subject, encode_fact
from app.ids import FactId, PolicyVersion
from app.stage import OutRecord
from app.topics import Topic


def activation(
    version: PolicyVersion, files: dict[str, bytes], at: Instant, partition: int, log: Topic = Topic.JOURNEY_LOG
) -> OutRecord:
    """Return the record that activates a policy on one partition of a log that decides (journey, register)."""
    fact = Fact(
        id=FactId(f"policy:{version}"),
        what=PolicyActivated(version, files),
        subject=Subject(),
        occurred_at=at,
        known_at=at,
        source=Source("policy", 0, 0),
    )
    return OutRecord(log, None, encode_fact(fact), (), partition)
