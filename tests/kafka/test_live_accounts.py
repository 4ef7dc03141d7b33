"""Workers under the wall clock: what is severe for one of an account holds the others whom the policy names."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.clock import Instant, to_iso
from app.decide.folder import load_folder, version_of
from app.journey.accounts import OWNER
from app.outputs import Suppression
from app.replay.workers import Workers, environment_of
from app.settings import KafkaSettings, WorkerSettings
from app.shell.output_reader import read_outputs
from app.shell.policy_activation import activate
from app.shell.publisher import write
from app.shell.safe_clock import wall_clock
from app.shell.topics_admin import apply_topics
from app.stage import OutRecord
from app.topics import Topic
from app.wire.payload import encode_event
from tests.kafka.test_webhooks_to_tools import eventually

pytestmark = pytest.mark.expects_error_log("NotLeaderForPartitionError")  # of topics just made

PARTITIONS = 3
PEOPLE = {"buys": "buyer", "decides": "decision_maker", "uses": "user"}
SELLING = {"promotion", "upsell", "loyalty_invitation"}

Ledgers = Mapping[str, Suppression]


class Shop:
    """A namespace of its own, and what is said in it about whom."""

    def __init__(self, kafka: KafkaSettings, prefix: str, folder: Path) -> None:
        self.kafka = kafka
        self.worker = WorkerSettings(
            topic_prefix=prefix,
            application_id=prefix,
            partitions=PARTITIONS,
            input_partitions=1,
            web_port=0,
            state_dir=folder,
            session_timeout_ms=6000,
            heartbeat_ms=500,
        )

    async def prepare(self) -> None:
        await apply_topics(self.kafka, self.worker)
        files = load_folder(self.worker.policy_dir)
        await activate(self.kafka, self.worker, version_of(files), files)

    async def publish(self, topic: Topic, event: str, payload: dict[str, Any]) -> None:
        now = to_iso(Instant(wall_clock()))
        value = encode_event(topic, event, {"occurred_at": now, **payload})
        await write(self.kafka, self.worker, [OutRecord(topic, b"k", value)])

    async def ledgers(self) -> dict[str, Suppression]:
        """Return everybody's newest suppression record, by customer."""
        said = [each async for each in read_outputs(self.kafka, self.worker, Topic.SUPPRESSIONS)]
        return {each.customer: each for each in said if isinstance(each, Suppression)}

    async def come_to(self, condition: Callable[[Ledgers], bool], what: str) -> dict[str, Suppression]:
        found: dict[str, Suppression] = {}

        async def there() -> bool:
            nonlocal found
            found = await self.ledgers()
            return condition(found)

        await eventually(there, what, 300)
        return found


def test_a_severe_problem_of_one_holds_the_named_others_until_it_is_over(
    tmp_path: Path, kafka_settings: KafkaSettings, topic_prefix: str
) -> None:
    asyncio.run(_holds_and_frees(Shop(kafka_settings, topic_prefix, tmp_path)))


async def _holds_and_frees(shop: Shop) -> None:
    await shop.prepare()
    with Workers(2, environment_of(shop.kafka, shop.worker), shop.worker.state_dir, print):
        for person, role in PEOPLE.items():
            profile = {"customer_id": person, "account": "ACME", "account_role": role}
            await shop.publish(Topic.CUSTOMERS, "profile_stated", profile)
        case = {"customer_id": "buys", "case_id": "A-1", "topic": "outage", "channel": "phone", "priority": 1}
        await shop.publish(Topic.CASE_EVENTS, "case_opened", case)
        held = await shop.come_to(lambda said: "decides" in said and bool(said["decides"].holds), "the other is held")
        (lent,) = held["decides"].holds
        assert lent.owner.startswith(f"{OWNER}ACME/buys/")
        assert set(lent.scope.classes) == SELLING
        assert [hold.reason for hold in held["buys"].holds] == [lent.reason] == ["contact"]
        assert "uses" not in held

        written_off = {"action": "write_off", "operator": "kim", "role": "cx_lead", "reason": "settled on the phone"}
        await shop.publish(Topic.OPERATOR_DECISIONS, "operator_decided", {"customer_id": "buys", **written_off})
        free = await shop.come_to(lambda said: not said["decides"].holds, "the other is free")
        assert not free["buys"].holds
        assert "uses" not in free
