"""Rights on the cluster against their declaration: what is missing, what is too much, and making it so."""

from collections.abc import Container, Mapping, Sequence
from typing import Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1, DescribeAclsRequest
from aiokafka.protocol.api import Request

from app.errors import SetupError
from app.rights import ClusterRole, Kind, Operation, Right, default_principal, rights
from app.settings import KafkaSettings, WorkerSettings
from app.shell.topics_admin import admin_client, until

_KINDS: Final = {Kind.TOPIC: 2, Kind.GROUP: 3, Kind.CLUSTER: 4, Kind.TRANSACTIONAL_ID: 5}
_OPERATIONS: Final = {
    Operation.READ: 3,
    Operation.WRITE: 4,
    Operation.CREATE: 5,
    Operation.DELETE: 6,
    Operation.ALTER: 7,
    Operation.DESCRIBE: 8,
    Operation.DESCRIBE_CONFIGS: 10,
    Operation.ALTER_CONFIGS: 11,
}
_LITERAL: Final = 3
_PREFIXED: Final = 4
_ANY: Final = 1
_ALLOW: Final = 3
_EVERY_HOST: Final = "*"
_NO_AUTHORIZER: Final = 54
_REFUSED: Final = 31


class Entry(NamedTuple):
    """One access rule as Kafka keeps it: numbers are Kafka's own; see `entry_of` and `spelt`."""

    principal: str
    kind: int
    name: str
    pattern: int
    operation: int
    permission: int
    host: str


class AclDifference(NamedTuple):
    """What the principals lack, and what they have beside the declaration, wherever on the cluster."""

    missing: tuple[Entry, ...]
    beside: tuple[Entry, ...]


def principals(worker: WorkerSettings, named: Mapping[ClusterRole, str]) -> dict[ClusterRole, str]:
    """Return each role's principal: the one that is named, else the role's default."""
    return {role: named.get(role) or default_principal(role, worker.application_id) for role in ClusterRole}


def entry_of(right: Right, principal: str) -> Entry:
    """Return the rule that gives a principal this right, from every host."""
    return Entry(
        principal,
        _KINDS[right.kind],
        right.name,
        _PREFIXED if right.prefixed else _LITERAL,
        _OPERATIONS[right.operation],
        _ALLOW,
        _EVERY_HOST,
    )


def wanted_entries(worker: WorkerSettings, who: Mapping[ClusterRole, str]) -> list[Entry]:
    """Return the rules of this namespace in the order of declaration, each once."""
    declared = rights(worker.topic_prefix, worker.application_id)
    return list(dict.fromkeys(entry_of(right, who[right.role]) for right in declared))


def spelt(entry: Entry) -> str:
    """Return a rule for people: `User:makegood-web may Read topic suppressions`; names what is not ours by number."""
    kind = _name(_KINDS, entry.kind)
    what = _name(_OPERATIONS, entry.operation)
    may = "may" if entry.permission == _ALLOW else "may not"
    like = "*" if entry.pattern == _PREFIXED else ""
    host = "" if entry.host == _EVERY_HOST else f" from {entry.host}"
    return f"{entry.principal} {may} {what} {kind} {entry.name}{like}{host}"


def kafka_acls(entry: Entry, bootstrap: str) -> list[str]:
    """Return the arguments of Kafka's own `kafka-acls.sh` that add a rule."""
    kind = _name(_KINDS, entry.kind)
    on = ["--cluster"] if kind == Kind.CLUSTER else [f"--{kind}", entry.name]
    like = ["--resource-pattern-type", "prefixed"] if entry.pattern == _PREFIXED else []
    what = _name(_OPERATIONS, entry.operation)
    who = ["--allow-principal", entry.principal]
    return ["kafka-acls.sh", "--bootstrap-server", bootstrap, "--add", "--force", *who, "--operation", what, *on, *like]


def _name(known: Mapping[Kind, int] | Mapping[Operation, int], number: int) -> str:
    return next((str(name) for name, its in known.items() if its == number), f"#{number}")


async def acl_difference(kafka: KafkaSettings, worker: WorkerSettings, who: Mapping[ClusterRole, str]) -> AclDifference:
    """Return how the cluster's rules for our principals differ from the declaration; nothing is changed."""
    async with admin_client(kafka) as admin:
        return await _difference(admin, wanted_entries(worker, who), set(who.values()))


async def apply_acls(
    kafka: KafkaSettings, worker: WorkerSettings, who: Mapping[ClusterRole, str], *, take_away: bool
) -> AclDifference:
    """Give what is missing and, with `take_away`, remove what is beside; return the difference that was found.

    Returns once the broker goes by it: it learns of its controller's changes a moment later.
    """
    wanted, ours = wanted_entries(worker, who), set(who.values())
    async with admin_client(kafka) as admin:
        found = await _difference(admin, wanted, ours)
        await _create(admin, found.missing)
        await _delete(admin, found.beside if take_away else ())

        async def is_applied() -> bool:
            left = await _difference(admin, wanted, ours)
            return not left.missing and not (take_away and left.beside)

        await until(is_applied, "the brokers do not go by the new rights yet, look at their logs")
    return found


async def _difference(admin: AIOKafkaAdminClient, wanted: Sequence[Entry], ours: Container[str]) -> AclDifference:
    live = {entry for entry in await _all(admin) if entry.principal in ours}
    missing = tuple(entry for entry in wanted if entry not in live)
    return AclDifference(missing, tuple(sorted(live - set(wanted))))


async def _all(admin: AIOKafkaAdminClient) -> list[Entry]:
    # the client's public methods know no access rules; the requests are its own
    answer = await admin._send_request(DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY))  # noqa: SLF001
    _check(answer.error_code, answer.error_message)
    return [
        Entry(who, kind, name, pattern, operation, permission, host)
        for kind, name, pattern, rules in answer.resources
        for who, host, operation, permission in rules
    ]


class _Create(Request[CreateAclsRequest_v1]):
    """Many rules in one request; the client's own takes one."""

    API_KEY = CreateAclsRequest_v1.API_KEY

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def build(self, request_struct_class: type[CreateAclsRequest_v1]) -> CreateAclsRequest_v1:
        return request_struct_class([_on_the_wire(entry) for entry in self._entries])


class _Delete(Request[DeleteAclsRequest_v1]):
    """Removes just these rules."""

    API_KEY = DeleteAclsRequest_v1.API_KEY

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def build(self, request_struct_class: type[DeleteAclsRequest_v1]) -> DeleteAclsRequest_v1:
        return request_struct_class([_on_the_wire(entry) for entry in self._entries])


def _on_the_wire(entry: Entry) -> tuple[int, str, int, str, str, int, int]:
    return (entry.kind, entry.name, entry.pattern, entry.principal, entry.host, entry.operation, entry.permission)


async def _create(admin: AIOKafkaAdminClient, entries: Sequence[Entry]) -> None:
    if entries:
        answer = await admin._send_to_controller(_Create(entries))  # noqa: SLF001
        for code, message in answer.creation_responses:
            _check(code, message)


async def _delete(admin: AIOKafkaAdminClient, entries: Sequence[Entry]) -> None:
    if entries:
        answer = await admin._send_to_controller(_Delete(entries))  # noqa: SLF001
        for code, message, _matching in answer.filter_responses:
            _check(code, message)


def _check(code: int, message: str | None) -> None:
    if code == _NO_AUTHORIZER:
        raise SetupError(
            "the cluster has no authorizer, so everybody may do everything there: set authorizer.class.name="
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer on brokers and controllers (docs/security.md)"
        )
    if code == _REFUSED:
        raise SetupError(
            "we may not see or change rights on this cluster: log in as its admin "
            "(it needs Describe and Alter on the cluster, docs/security.md)"
        )
    if code:
        raise SetupError(f"the cluster says {for_code(code).__name__}{f', {message}' if message else ''}")
