import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from click.testing import CliRunner, Result

from app.cli import cli
from app.errors import SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options
from app.shell.topics_admin import (
    LiveTopic,
    apply_topics,
    delete_namespace,
    live_topics,
    topic_differences,
    wanted_topics,
)
from app.topics import CHANGELOGS, LOGS, declarations


@pytest.fixture
def worker(topic_prefix: str) -> WorkerSettings:
    return WorkerSettings(topic_prefix=topic_prefix, partitions=2, input_partitions=3, replication=1)


def test_apply_creates_every_declared_topic_as_declared(kafka_settings: KafkaSettings, worker: WorkerSettings) -> None:
    found = asyncio.run(apply_topics(kafka_settings, worker))
    assert [difference.kind for difference in found] == ["missing"] * len(declarations())
    live = asyncio.run(live_topics(kafka_settings, worker))
    for declared in declarations():
        there = live[worker.topic_prefix + declared.topic]
        assert there.partitions == (2 if declared.topic in LOGS + CHANGELOGS else 3)
        assert there.own == declared.config()


def test_applying_twice_changes_nothing_and_says_so(kafka_settings: KafkaSettings, worker: WorkerSettings) -> None:
    assert f"{len(declarations())} changes made" in _cli(kafka_settings, worker, "apply").output
    before = asyncio.run(live_topics(kafka_settings, worker))
    assert _cli(kafka_settings, worker, "apply").output == "nothing to change: all is as declared\n"
    assert asyncio.run(live_topics(kafka_settings, worker)) == before


def test_a_dry_run_shows_the_change_and_makes_none(kafka_settings: KafkaSettings, worker: WorkerSettings) -> None:
    told = _cli(kafka_settings, worker, "apply", "--dry-run").output
    assert f"+ {worker.topic_prefix}orders: 3 partitions, replication 1" in told
    assert "would be made (dry run)" in told
    assert asyncio.run(live_topics(kafka_settings, worker)) == {}


def test_a_changed_configuration_is_shown_as_a_diff_and_mended_and_other_values_stay(
    kafka_settings: KafkaSettings, worker: WorkerSettings
) -> None:
    asyncio.run(apply_topics(kafka_settings, worker))
    notices = worker.topic_prefix + "notices"
    theirs = {"cleanup.policy": "delete", "retention.ms": "1000", "max.message.bytes": "2000000"}
    asyncio.run(_with_admin(kafka_settings, lambda admin: admin.alter_configs([_resource(notices, theirs)])))
    _await_seen(kafka_settings, worker, lambda live: live[notices].own == theirs)
    told = _cli(kafka_settings, worker, "apply").output
    assert f"~ {notices}: retention.ms\n-     1000\n+     2592000000\n" in told
    there = asyncio.run(live_topics(kafka_settings, worker))[notices]
    assert there.own == {**wanted_config(worker, notices), "max.message.bytes": "2000000"}
    assert asyncio.run(topic_differences(kafka_settings, worker)) == []


def test_another_partition_count_of_a_log_is_refused_with_the_reason_and_nothing_is_changed(
    kafka_settings: KafkaSettings, worker: WorkerSettings
) -> None:
    log = worker.topic_prefix + "journey-log"
    asyncio.run(_with_admin(kafka_settings, lambda admin: admin.create_topics([NewTopic(log, 5, 1)])))
    _await_seen(kafka_settings, worker, lambda live: log in live)
    told = _cli(kafka_settings, worker, "apply")
    assert told.exit_code == 2
    assert f"{log} has 5 partitions and MAKEGOOD_PARTITIONS is 2" in told.stderr
    assert told.stderr.count("\n") == 1
    assert list(asyncio.run(live_topics(kafka_settings, worker))) == [log]


def test_another_partition_count_of_an_input_is_shown_and_left_to_its_owner(
    kafka_settings: KafkaSettings, worker: WorkerSettings
) -> None:
    orders = worker.topic_prefix + "orders"
    new = NewTopic(orders, 1, 1, topic_configs=wanted_config(worker, orders))
    asyncio.run(_with_admin(kafka_settings, lambda admin: admin.create_topics([new])))
    _await_seen(kafka_settings, worker, lambda live: orders in live)
    told = _cli(kafka_settings, worker, "apply").output
    assert f"! {orders}: partitions 1, declared 3; left\n" in told
    assert asyncio.run(live_topics(kafka_settings, worker))[orders].partitions == 1
    assert _cli(kafka_settings, worker, "apply").output.endswith("nothing changed; 1 left to the topics' owner\n")


def test_more_replicas_than_brokers_is_told_in_one_line(kafka_settings: KafkaSettings, worker: WorkerSettings) -> None:
    three = worker.model_copy(update={"replication": 3})
    with pytest.raises(SetupError, match=r"topic .*orders: the cluster says InvalidReplicationFactor"):
        asyncio.run(apply_topics(kafka_settings, three))


def test_three_replicas_ask_for_two_copies_of_each_write(worker: WorkerSettings) -> None:
    three = worker.model_copy(update={"replication": 3})
    assert {topic.config["min.insync.replicas"] for topic in wanted_topics(three)} == {"2"}
    assert not any("min.insync.replicas" in topic.config for topic in wanted_topics(worker))


def test_two_applies_at_once_both_succeed(kafka_settings: KafkaSettings, worker: WorkerSettings) -> None:
    async def both() -> None:
        await asyncio.gather(apply_topics(kafka_settings, worker), apply_topics(kafka_settings, worker))

    asyncio.run(both())
    assert asyncio.run(topic_differences(kafka_settings, worker)) == []


def test_show_lists_each_topic_and_what_is_missing(kafka_settings: KafkaSettings, worker: WorkerSettings) -> None:
    told = _cli(kafka_settings, worker, "show").output.splitlines()
    assert len([line for line in told if " missing " in line]) == len(declarations())
    asyncio.run(apply_topics(kafka_settings, worker))
    told = _cli(kafka_settings, worker, "show").output.splitlines()
    assert len(told) == len(declarations())
    assert all("partitions, replication 1" in line for line in told)


def test_deleting_a_namespace_leaves_the_others(kafka_settings: KafkaSettings, worker: WorkerSettings) -> None:
    other = worker.model_copy(update={"topic_prefix": "other-" + worker.topic_prefix})
    asyncio.run(apply_topics(kafka_settings, worker))
    asyncio.run(apply_topics(kafka_settings, other))
    assert asyncio.run(delete_namespace(kafka_settings, worker.topic_prefix)) == len(declarations())
    assert asyncio.run(live_topics(kafka_settings, worker)) == {}
    assert len(asyncio.run(live_topics(kafka_settings, other))) == len(declarations())
    with pytest.raises(SetupError, match="empty prefix"):
        asyncio.run(delete_namespace(kafka_settings, ""))


def wanted_config(worker: WorkerSettings, name: str) -> dict[str, str]:
    return dict(next(topic.config for topic in wanted_topics(worker) if topic.name == name))


def _await_seen(kafka: KafkaSettings, worker: WorkerSettings, is_so: Callable[[dict[str, LiveTopic]], bool]) -> None:
    """Wait until the broker shows what its controller has accepted from somebody else."""
    until = time.monotonic() + 20
    while not is_so(asyncio.run(live_topics(kafka, worker))):
        assert time.monotonic() < until
        time.sleep(0.05)


def _resource(name: str, config: dict[str, str]) -> ConfigResource:
    return ConfigResource(ConfigResourceType.TOPIC, name, config)


async def _with_admin(kafka: KafkaSettings, act: Any) -> None:
    admin = AIOKafkaAdminClient(**client_options(kafka))
    await admin.start()
    try:
        done: Coroutine[Any, Any, Any] = act(admin)
        await done
    finally:
        await admin.close()


def _cli(kafka: KafkaSettings, worker: WorkerSettings, *arguments: str) -> Result:
    environment = {
        "KAFKA_BOOTSTRAP": kafka.bootstrap,
        "MAKEGOOD_TOPIC_PREFIX": worker.topic_prefix,
        "MAKEGOOD_PARTITIONS": str(worker.partitions),
        "MAKEGOOD_INPUT_PARTITIONS": str(worker.input_partitions),
        "MAKEGOOD_REPLICATION": str(worker.replication),
    }
    return CliRunner().invoke(cli, ["topics", *arguments], env=environment)
