"""Who may do what on the cluster, declared once: `makegood topics acls` applies it, docs/security.md explains it.

One principal per role, and the least that each needs. Whatever is not here is refused by a cluster whose authorizer
denies by default (`allow.everyone.if.no.acl.found=false`, which is Kafka's own default).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from app.topics import CHANGELOGS, INPUTS, LOGS, OUTPUTS, Topic, declarations

CLUSTER: Final = "kafka-cluster"
"""The name of the one resource of kind cluster."""


class ClusterRole(StrEnum):
    """Who talks to Kafka: our processes, the systems around them, the people who run it."""

    WORKER = "worker"
    WEB = "web"
    WEBHOOKS = "webhooks"
    SINKS = "sinks"
    UPSTREAM = "upstream"
    MARKETING = "marketing"
    FULFILMENT = "fulfilment"
    MESSAGING = "messaging"
    SERVICE_DESK = "service-desk"
    OPERATOR = "operator"
    ADMIN = "admin"


class Kind(StrEnum):
    """What a right is about, as Kafka names it."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional-id"
    CLUSTER = "cluster"


class Operation(StrEnum):
    """What may be done with it, as Kafka names it. Read and Write imply Describe, AlterConfigs DescribeConfigs."""

    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    DELETE = "Delete"
    ALTER = "Alter"
    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"
    ALTER_CONFIGS = "AlterConfigs"


class Right(NamedTuple):
    """One thing that a role may do. `prefixed`: with everything whose name begins with `name`."""

    role: ClusterRole
    kind: Kind
    name: str
    operation: Operation
    prefixed: bool = False


UPSTREAM_INPUTS: Final = tuple(topic for topic in INPUTS if topic is not Topic.OPERATOR_DECISIONS)
"""What other systems may write: an operator's decision comes from an operator."""

READS: Final[Mapping[ClusterRole, tuple[Topic, ...]]] = {
    ClusterRole.WORKER: (*INPUTS, *LOGS, *CHANGELOGS),
    ClusterRole.WEB: OUTPUTS,
    ClusterRole.SINKS: (Topic.SUPPRESSIONS,),
    ClusterRole.MARKETING: (Topic.SUPPRESSIONS,),
    ClusterRole.FULFILMENT: (Topic.REMEDIES,),
    ClusterRole.MESSAGING: (Topic.NOTICES,),
    ClusterRole.SERVICE_DESK: (Topic.ESCALATIONS, Topic.BRIEFINGS),
    # explain, export, dead letters, snapshots
    ClusterRole.OPERATOR: (*INPUTS, *LOGS, *CHANGELOGS, *OUTPUTS),
}
WRITES: Final[Mapping[ClusterRole, tuple[Topic, ...]]] = {
    ClusterRole.WORKER: (*LOGS, *CHANGELOGS, *OUTPUTS),
    ClusterRole.WEBHOOKS: UPSTREAM_INPUTS,
    ClusterRole.UPSTREAM: UPSTREAM_INPUTS,
    ClusterRole.FULFILMENT: (Topic.REMEDY_OUTCOMES,),
    # redriven dead letters, decisions of its own, and a policy's activation
    ClusterRole.OPERATOR: (*INPUTS, Topic.JOURNEY_LOG, Topic.REGISTER_LOG),
}
_OF_A_TOPIC_S_ADMIN: Final = (
    Operation.CREATE,
    Operation.DESCRIBE,
    Operation.DESCRIBE_CONFIGS,
    Operation.ALTER_CONFIGS,
)


def rights(topic_prefix: str, application_id: str) -> tuple[Right, ...]:
    """Return every right of every role in one namespace."""
    return (
        *_on_topics(READS, Operation.READ, topic_prefix),
        *_on_topics(WRITES, Operation.WRITE, topic_prefix),
        *_on_groups(topic_prefix, application_id),
        Right(
            ClusterRole.WORKER,
            Kind.TRANSACTIONAL_ID,
            f"{application_id}.",
            Operation.WRITE,
            prefixed=True,
        ),
        *_of_the_admin(topic_prefix),
    )


def default_principal(role: ClusterRole, application_id: str) -> str:
    """Return the principal that a role has unless another is named: `User:APPLICATION-ROLE`."""
    return f"User:{application_id}-{role}"


def _on_topics(
    by_role: Mapping[ClusterRole, Iterable[Topic]], operation: Operation, topic_prefix: str
) -> Iterable[Right]:
    for role, topics in by_role.items():
        for topic in topics:
            yield Right(role, Kind.TOPIC, topic_prefix + topic, operation)


def _on_groups(topic_prefix: str, application_id: str) -> Iterable[Right]:
    yield Right(ClusterRole.WORKER, Kind.GROUP, application_id, Operation.READ)
    ours = f"{topic_prefix}{application_id}-sink-"
    yield Right(ClusterRole.SINKS, Kind.GROUP, ours, Operation.READ, prefixed=True)
    # to read the place in the logs that states stand for: a snapshot, a copy
    yield Right(ClusterRole.OPERATOR, Kind.GROUP, application_id, Operation.DESCRIBE)
    outside = (ClusterRole.MARKETING, ClusterRole.FULFILMENT, ClusterRole.MESSAGING, ClusterRole.SERVICE_DESK)
    for role in outside:
        yield Right(role, Kind.GROUP, f"{topic_prefix}{role}-", Operation.READ, prefixed=True)


def _of_the_admin(topic_prefix: str) -> Iterable[Right]:
    """Let the admin make topics and hand out rights; it reads and writes no record."""
    for declared in declarations():
        for operation in _OF_A_TOPIC_S_ADMIN:
            yield Right(ClusterRole.ADMIN, Kind.TOPIC, topic_prefix + declared.topic, operation)
    for operation in (Operation.DESCRIBE, Operation.ALTER):
        yield Right(ClusterRole.ADMIN, Kind.CLUSTER, CLUSTER, operation)
