"""Topics on the cluster against their declaration: what differs, and making it so.

Clients here never ask for a topic by name before it exists: a cluster with auto-create would make it, wrongly.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from app.clock import DAY
from app.errors import SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options
from app.topics import declarations

_DYNAMIC: Final = 1
"""Kafka's config source for a value set on the topic itself."""
_NO_ERROR: Final = 0
_ALREADY_EXISTS: Final = 36
_VISIBLE_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.1
_SAFE_COPIES: Final = 2
"""With three replicas or more, a write must be on two before it counts."""


class ClusterLostError(SetupError):
    """The cluster was there and went away while we asked; to ask again may do."""


class WantedTopic(NamedTuple):
    """A topic as it must be, under its name on the wire. `is_log`: its partition count must be exact."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]
    is_log: bool


class LiveTopic(NamedTuple):
    """A topic as the cluster has it: `config` in force, `own` those values that are set on the topic itself."""

    partitions: int
    replication: int
    config: Mapping[str, str]
    own: Mapping[str, str]


class Difference(NamedTuple):
    """One way in which the cluster is not as declared; `setting` names the configuration key for kind `config`."""

    topic: str
    kind: Literal["missing", "config", "partitions", "replication"]
    wanted: str
    live: str
    setting: str = ""

    @property
    def mendable(self) -> bool:
        """Whether `apply` changes it: partitions and replicas of a topic with data are its owner's to move."""
        return self.kind in {"missing", "config"}


def wanted_topics(worker: WorkerSettings) -> tuple[WantedTopic, ...]:
    """Return every declared topic with this worker's prefix, partition counts and replication."""
    kept = _kept(worker.retention_days)
    durable = {"min.insync.replicas": str(_SAFE_COPIES)} if worker.replication > _SAFE_COPIES else {}
    return tuple(
        WantedTopic(
            name=worker.topic_prefix + declared.topic,
            partitions=worker.partitions if declared.follows_logs else worker.input_partitions,
            replication=worker.replication,
            config={**declared.config(), **durable, **kept.get(declared.topic, {})},
            is_log=declared.follows_logs,
        )
        for declared in declarations()
    )


def _kept(retention_days: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """Return the retention of topics that is not as declared; SetupError for a topic whose records do not expire."""
    by_name = {str(declared.topic): declared for declared in declarations()}
    for name, days in retention_days.items():
        declared = by_name.get(name)
        if declared is None or declared.retention.compacted or days < 1:
            expiring = ", ".join(topic for topic, known in by_name.items() if not known.retention.compacted)
            raise SetupError(
                f"MAKEGOOD_RETENTION_DAYS: {name}: {days} cannot be: name one of {expiring}, and one day or more; "
                "a compacted topic keeps the newest record of each key until it is taken back"
            )
    return {name: {"retention.ms": str(days * DAY)} for name, days in retention_days.items()}


def compare(wanted: Iterable[WantedTopic], live: Mapping[str, LiveTopic]) -> list[Difference]:
    """Return how the cluster differs from the declaration, in the order of declaration; pure."""
    found: list[Difference] = []
    for topic in wanted:
        there = live.get(topic.name)
        if there is None:
            size = f"{topic.partitions} partitions, replication {topic.replication}"
            found.append(Difference(topic.name, "missing", size, "nothing"))
        else:
            found += _differences(topic, there)
    return found


async def topic_differences(kafka: KafkaSettings, worker: WorkerSettings) -> list[Difference]:
    """Return how the cluster differs from the declaration now; nothing is changed."""
    wanted = wanted_topics(worker)
    async with admin_client(kafka) as admin:
        return compare(wanted, await _read(admin, wanted))


async def live_topics(kafka: KafkaSettings, worker: WorkerSettings) -> dict[str, LiveTopic]:
    """Return those declared topics that the cluster has, by their name on the wire."""
    async with admin_client(kafka) as admin:
        return await _read(admin, wanted_topics(worker))


async def partition_counts(kafka: KafkaSettings, worker: WorkerSettings) -> dict[str, int]:
    """Return how many partitions each declared topic has that we may see, by its name on the wire.

    It needs the right to describe them and no more, so it is what everyone but the admin asks.
    """
    async with admin_client(kafka) as admin:
        found = await _described(admin, wanted_topics(worker))
        return {topic["topic"]: len(topic["partitions"]) for topic in found}


async def apply_topics(kafka: KafkaSettings, worker: WorkerSettings) -> list[Difference]:
    """Create what is missing and set configurations as declared; return the differences that were found.

    Returns once every topic is there with all its partitions. A log with another partition count is a SetupError, and
    then nothing is changed. Differences that are not `mendable` are returned and left.
    """
    wanted = wanted_topics(worker)
    async with admin_client(kafka) as admin:
        live = await _read(admin, wanted)
        found = compare(wanted, live)
        refuse_other_log_partitions(wanted, found)
        await _create(admin, [topic for topic in wanted if topic.name not in live])
        reconfigured = {difference.topic for difference in found if difference.kind == "config"}
        await _configure(admin, {t.name: {**live[t.name].own, **t.config} for t in wanted if t.name in reconfigured})
        await _await_applied(admin, wanted)
    return found


def refuse_other_log_partitions(wanted: Iterable[WantedTopic], found: Iterable[Difference]) -> None:
    """Raise SetupError when a log or changelog has another partition count than the settings say."""
    logs = {topic.name for topic in wanted if topic.is_log}
    for difference in found:
        if difference.kind == "partitions" and difference.topic in logs:
            raise SetupError(
                f"{difference.topic} has {difference.live} partitions and MAKEGOOD_PARTITIONS is {difference.wanted}: "
                "the count of a log is fixed once there is data, or one customer's facts and state would lie in two "
                f"partitions. Set MAKEGOOD_PARTITIONS={difference.live}, or begin a namespace of its own with "
                "MAKEGOOD_TOPIC_PREFIX"
            )


async def delete_namespace(kafka: KafkaSettings, prefix: str) -> int:
    """Delete every topic whose name begins with `prefix` (a replay's namespace); return how many there were."""
    if not prefix:
        raise SetupError("an empty prefix names the live topics: they are not deleted")
    async with admin_client(kafka) as admin:
        names = [name for name in await _names(admin) if name.startswith(prefix)]
        if names:
            response = await admin.delete_topics(names)
            for name, code in response.topic_error_codes:
                _check(name, code, "")

        async def are_gone() -> bool:
            return not await _names(admin) & set(names)

        await until(are_gone, f"the cluster still shows topics of {prefix}")
    return len(names)


@asynccontextmanager
async def admin_client(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give a connected admin client; SetupError, one line, for what the cluster refuses meanwhile.

    A cluster that went away is a ClusterLostError: asking again may mend it.
    """
    admin = AIOKafkaAdminClient(client_id="makegood-topics", **client_options(kafka))
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError) as error:
        kind = ClusterLostError if isinstance(error, OSError) or error.retriable else SetupError
        raise kind(f"the cluster at {kafka.bootstrap} does not do as asked: {error}") from error
    finally:
        await admin.close()


async def _names(admin: AIOKafkaAdminClient) -> set[str]:
    return set(await admin.list_topics())


async def _read(admin: AIOKafkaAdminClient, wanted: Sequence[WantedTopic]) -> dict[str, LiveTopic]:
    there = {found["topic"]: found["partitions"] for found in await _described(admin, wanted)}
    configs = await _configs(admin, list(there))
    return {
        name: LiveTopic(
            partitions=len(partitions),
            replication=max((len(partition["replicas"]) for partition in partitions), default=0),
            config=configs[name][0],
            own=configs[name][1],
        )
        for name, partitions in there.items()
    }


async def _described(admin: AIOKafkaAdminClient, wanted: Sequence[WantedTopic]) -> list[Mapping[str, Any]]:
    """Return the metadata of the wanted topics that exist: all are asked for, since asking by name may create."""
    names = {topic.name for topic in wanted}
    return [found for found in await admin.describe_topics() if found["topic"] in names]


async def _configs(
    admin: AIOKafkaAdminClient, names: Sequence[str]
) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """Return per topic its configuration in force and the part set on the topic itself."""
    if not names:
        return {}
    read: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
    for response in await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names]):
        for code, message, _type, name, entries in response.resources:
            _check(name, code, message)
            values = [(key, value, source) for key, value, _read_only, source, *_ in entries if value is not None]
            in_force = {key: value for key, value, _ in values}
            read[name] = (in_force, {key: value for key, value, source in values if source == _DYNAMIC})
    return read


def _differences(topic: WantedTopic, there: LiveTopic) -> list[Difference]:
    found: list[Difference] = []
    if topic.partitions != there.partitions:
        found.append(Difference(topic.name, "partitions", str(topic.partitions), str(there.partitions)))
    if topic.replication != there.replication:
        found.append(Difference(topic.name, "replication", str(topic.replication), str(there.replication)))
    for key, value in topic.config.items():
        now = there.config.get(key, "unset")
        if now != value:
            found.append(Difference(topic.name, "config", value, now, key))
    return found


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[WantedTopic]) -> None:
    if not topics:
        return
    new = [NewTopic(t.name, t.partitions, t.replication, topic_configs=dict(t.config)) for t in topics]
    response = await admin.create_topics(new)
    for name, code, *rest in response.topic_errors:
        if code != _ALREADY_EXISTS:  # another apply at the same time was quicker
            _check(name, code, rest[0] if rest else "")


async def _configure(admin: AIOKafkaAdminClient, configs: Mapping[str, Mapping[str, str]]) -> None:
    """Set each topic's whole own configuration; the request replaces it, so the values of others are in it too."""
    if not configs:
        return
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, dict(own)) for name, own in configs.items()]
    for response in await admin.alter_configs(resources):
        for code, message, _type, name in response.resources:
            _check(name, code, message)


async def _await_applied(admin: AIOKafkaAdminClient, wanted: Sequence[WantedTopic]) -> None:
    """Wait until the brokers show what the controller has accepted: every topic, led, configured as declared.

    A worker leaves out a topic that it does not see.
    """

    async def is_applied() -> bool:
        leaderless = any(not _has_leaders(found) for found in await _described(admin, wanted))
        return not leaderless and not any(left.mendable for left in compare(wanted, await _read(admin, wanted)))

    await until(is_applied, "the topics are not all there and led, look at the brokers' logs")


async def until(is_so: Callable[[], Awaitable[bool]], complaint: str) -> None:
    """Return once the cluster shows what it was told to do; SetupError with the complaint when it does not in 30 s."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _VISIBLE_SECONDS
    while not await is_so():
        if loop.time() > deadline:
            raise SetupError(f"{complaint} (waited {_VISIBLE_SECONDS:g} s)")
        await asyncio.sleep(_POLL_SECONDS)


def _has_leaders(found: Mapping[str, Any]) -> bool:
    return all(partition["leader"] >= 0 for partition in found["partitions"])


def _check(name: str, code: int, message: str | None) -> None:
    if code != _NO_ERROR:
        raise SetupError(f"topic {name}: the cluster says {for_code(code).__name__}{f', {message}' if message else ''}")
