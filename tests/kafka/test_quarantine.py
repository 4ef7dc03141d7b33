"""A record that stops every worker is named, its customer parked, and the others go on; nothing of theirs is lost."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from app.broker.ports import free_port
from app.cli import cli
from app.clock import Instant, to_iso
from app.decide.folder import load_folder, version_of
from app.emit.records import decode_output
from app.journey.state import is_reserved
from app.journey.stored import decode_state
from app.main import stages
from app.outputs import Suppression
from app.replay.live_log import LiveLog
from app.settings import ROOT, KafkaSettings, WorkerSettings
from app.shell.policy_activation import activate
from app.shell.publisher import write
from app.shell.safe_clock import wall_clock
from app.shell.topics_admin import apply_topics
from app.stage import OutRecord
from app.topics import Topic
from app.wire.codec import bundled_codec
from app.wire.payload import encode_event
from tests.kafka.counting_cluster import eventually

pytestmark = pytest.mark.expects_error_log("NotLeaderForPartitionError")  # of topics just made


class Shop:
    """One partition, one worker at a time, and what it says."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path) -> None:
        self.kafka = KafkaSettings(bootstrap=bootstrap, security_protocol="PLAINTEXT")
        self.settings = WorkerSettings(topic_prefix=prefix, application_id=prefix, partitions=1, input_partitions=1)
        self.folder = folder
        self.port = free_port()
        self.environment = {
            "KAFKA_BOOTSTRAP": bootstrap,
            "MAKEGOOD_APPLICATION_ID": prefix,
            "MAKEGOOD_TOPIC_PREFIX": prefix,
            "MAKEGOOD_PARTITIONS": "1",
            "MAKEGOOD_INPUT_PARTITIONS": "1",
            "MAKEGOOD_SESSION_TIMEOUT_MS": "6000",
            "MAKEGOOD_HEARTBEAT_MS": "500",
            "MAKEGOOD_STATE_DIR": str(folder),
            "MAKEGOOD_WEB_PORT": str(self.port),
        }
        self.worker: subprocess.Popen[bytes] | None = None
        asyncio.run(apply_topics(self.kafka, self.settings))
        files = load_folder(self.settings.policy_dir)
        asyncio.run(activate(self.kafka, self.settings, version_of(files), files))

    def start(self, module: str) -> "subprocess.Popen[bytes]":
        with (self.folder / "worker.log").open("ab") as log:
            command = [sys.executable, "-m", module]
            command += ["worker"] if module == "app" else []
            env = {**os.environ, **self.environment}
            self.worker = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        return self.worker

    def stop(self) -> int:
        assert self.worker is not None
        if self.worker.poll() is None:
            self.worker.send_signal(signal.SIGTERM)
        return self.worker.wait(60)

    def places_order(self, customer: str, event: str) -> None:
        payload = {
            "event_id": event,
            "occurred_at": to_iso(Instant(wall_clock())),
            "customer_id": customer,
            "order_id": f"order-{event}",
            "brand": "default",
        }
        value = encode_event(Topic.ORDERS, "order_placed", payload)
        asyncio.run(write(self.kafka, self.settings, [OutRecord(Topic.ORDERS, customer.encode(), value)]))

    def says(self, *arguments: str) -> str:
        done = CliRunner().invoke(cli, ["quarantine", *arguments], env=self.environment, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    def kept(self) -> int:
        """Return how many records of parked customers are kept."""
        return sum(int(number) for number in re.findall(r"(\d+) records kept", self.says()))

    def records(self, topic: Topic) -> list[ConsumerRecord]:
        return asyncio.run(self._records(TopicPartition(self.settings.topic_prefix + topic, 0)))

    async def _records(self, place: TopicPartition) -> list[ConsumerRecord]:
        reader = AIOKafkaConsumer(
            bootstrap_servers=self.kafka.bootstrap, enable_auto_commit=False, isolation_level="read_committed"
        )
        await reader.start()
        try:
            reader.assign([place])
            reader.seek(place, 0)
            end = (await reader.end_offsets([place]))[place]
            found: list[ConsumerRecord] = []
            while await reader.position(place) < end:
                found.extend((await reader.getmany(place, timeout_ms=200)).get(place, ()))
            return found
        finally:
            await reader.stop()

    def states(self) -> dict[bytes, bytes]:
        newest = {record.key: record.value for record in self.records(Topic.JOURNEY_CHANGELOG)}
        return {key: value for key, value in newest.items() if key is not None and value is not None}

    def journeys_of(self, customer: str) -> set[str]:
        value = self.states().get(customer.encode())
        return set() if value is None else set(decode_state(value).journeys)

    def ledger_of(self, customer: str) -> Suppression | None:
        said = [record.value for record in self.records(Topic.SUPPRESSIONS) if record.key == customer.encode()]
        output = decode_output(Topic.SUPPRESSIONS, said[-1]) if said else None
        return output if isinstance(output, Suppression) else None

    def standing(self) -> float:
        status, page = get(self.port, "/metrics")
        if status != 200:
            return -1
        samples = (sample for family in text_string_to_metric_families(page) for sample in family.samples)
        return sum(sample.value for sample in samples if sample.name == "makegood_standing_partitions")


@pytest.fixture
def shop(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(kafka_bootstrap, topic_prefix, tmp_path)
    yield made
    if made.worker is not None and made.worker.poll() is None:
        made.worker.kill()
        made.worker.wait()


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def test_a_record_that_stops_three_workers_is_named_and_its_customer_parked_until_the_bug_is_mended(shop: Shop) -> None:
    shop.places_order("bob", "bob-1")
    shop.places_order("bob", "breaks-us")
    shop.places_order("ann", "ann-1")
    for _ in range(3):
        assert shop.start("tests.support.broken_worker").wait(120) == 1
    assert "stopped a worker 3 times running" in (shop.folder / "worker.log").read_text()
    listed = shop.says()
    assert "stopped a worker 3 times (BugError), stands still; customer bob" in listed

    shop.start("tests.support.broken_worker")
    eventually(lambda: shop.standing() == 1, "the fourth worker to leave the partition standing")
    status, said = get(shop.port, "/healthz")
    assert status == 200, "a restart would mend nothing"
    assert "stands still: journey-log/0 offset" in said
    assert shop.journeys_of("ann") == set()

    assert "quarantined bob" in shop.says("bob", "--operator", "kim", "--reason", "bug 17")
    eventually(lambda: shop.journeys_of("ann") == {"order:order-ann-1"}, "the others to go on")
    assert shop.standing() == 0
    ledger = shop.ledger_of("bob")
    assert ledger is not None
    assert ledger.suppressed
    assert [hold.reason for hold in ledger.holds] == ["quarantine"]
    kept = shop.kept()
    assert kept >= 1, "what broke the workers; what they had not acknowledged came again with each"
    shop.places_order("bob", "bob-2")
    eventually(lambda: shop.kept() > kept, "what follows to be kept")
    assert "customer bob: parked since" in shop.says()
    assert shop.stop() == 0

    shop.start("app")
    assert "released bob" in shop.says("--release", "bob", "--reason", "mended")
    wanted = {"order:order-bob-1", "order:order-breaks-us", "order:order-bob-2"}
    eventually(lambda: shop.journeys_of("bob") == wanted, "what was kept to be worked")
    ledger = shop.ledger_of("bob")
    assert ledger is not None
    assert not ledger.suppressed
    assert shop.says() == "nothing stands still, and nobody is parked\n"
    assert shop.stop() == 0
    _replays_to_the_same(shop)


def _replays_to_the_same(shop: Shop) -> None:
    """An undisturbed run of the log, without the bug, parks bob at the same record and says the same."""
    one = LiveLog(stages(bundled_codec(), data_clock=False).journeys, 0)
    one.replay(shop.records(Topic.JOURNEY_LOG))
    assert {key: value for key, value in one.table.items() if not is_reserved(key)} == {
        key: value for key, value in shop.states().items() if not is_reserved(key)
    }
    for topic in (Topic.SUPPRESSIONS, Topic.DECISIONS):
        said = [record.value for record in shop.records(topic)]
        assert said == [output.value for output in one.said if output.topic is topic]
