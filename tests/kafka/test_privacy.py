"""A full run on a real broker: what was fed in of people is in no log, metric or reason, and once erased in no topic
that is compacted, which is read off the broker's own files."""

import asyncio
import io
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from click.testing import CliRunner
from pydantic import SecretStr

from app import logs
from app.broker import Broker
from app.broker.ports import free_port
from app.cli import cli
from app.clock import to_iso
from app.decide import compile_policy, load_folder
from app.errors import InvalidRecord
from app.replay.workers import Workers, environment_of
from app.settings import KafkaSettings, WebhookSettings, WebSettings, WorkerSettings
from app.shell.kafka_client import client_options
from app.shell.policy_activation import activate
from app.shell.publisher import write
from app.shell.safe_clock import wall_clock
from app.shell.topics_admin import apply_topics
from app.stage import OutRecord
from app.topics import CHANGELOGS, Topic
from app.web.access import Access, Role, line_of
from app.web.server import followers, site_of
from app.web.server import serving as serving_site
from app.web.webhook_server import serving as serving_webhooks
from app.wire.payload import encode_event
from tests.fuzz.mutation import damaged, reshaped
from tests.fuzz.shop import events
from tests.fuzz.target import seeded
from tests.kafka.test_webhooks_to_tools import SECRET, Vendors, digest, eventually
from tests.support.personal import personal_values
from tests.support.webhooks import raw

pytestmark = pytest.mark.expects_error_log("aiokafka")  # of topics just made

COMPACTED: Final = (*CHANGELOGS, Topic.SUPPRESSIONS)
AT_ONCE: Final = {"segment.ms": "300", "min.cleanable.dirty.ratio": "0.001", "delete.retention.ms": "0"}
"""Compaction within seconds instead of within the half hour that is declared."""
WEBHOOK_PEOPLE: Final = ("jordan", "@example", "+1555")
MAYA: Final = "C-1001"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    quick = {"log.cleaner.backoff.ms": "100", "log.retention.check.interval.ms": "500"}
    with Broker.start(tmp_path / "kafka", also=quick) as started:
        yield started


class Run:
    """A worker at work, gate and webhooks beside it, and everything that any of them said to operations."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.broker = broker
        self.folder = folder
        self.kafka = KafkaSettings(bootstrap=broker.bootstrap, security_protocol="PLAINTEXT")
        self.worker = WorkerSettings(
            partitions=1,
            input_partitions=1,
            web_port=free_port(),
            state_dir=folder,
            log_level="DEBUG",
            erasure_key=SecretStr("known to the auditors"),
        )
        self.spoken = io.StringIO()

    async def prepare(self) -> None:
        await apply_topics(self.kafka, self.worker)
        admin = AIOKafkaAdminClient(**client_options(self.kafka))
        await admin.start()
        own = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime", **AT_ONCE}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, own) for topic in COMPACTED])
        await admin.close()
        files = load_folder(self.worker.policy_dir)
        await activate(self.kafka, self.worker, compile_policy(files).version, files)

    async def publish(self, topic: Topic, event: str, payload: dict[str, Any]) -> None:
        await write(self.kafka, self.worker, [OutRecord(topic, b"k", encode_event(topic, event, payload))])

    async def idle(self, session: aiohttp.ClientSession) -> str:
        """Wait until the worker has passed everything on; return its metrics."""
        found = ""

        async def is_idle() -> bool:
            nonlocal found
            found = await self._text(session, f"http://127.0.0.1:{self.worker.web_port}/metrics")
            lags = [line for line in found.splitlines() if line.startswith("makegood_consumer_lag_records{")]
            return bool(lags) and all(line.endswith(" 0.0") for line in lags)

        for _ in range(2):
            # the lags are told about once a second: what was written just now may not be in them yet
            await asyncio.sleep(2.5)
            await eventually(is_idle, "the worker has read everything", 120)
        return found

    async def _text(self, session: aiohttp.ClientSession, url: str) -> str:
        try:
            async with session.get(url) as answer:
                return await answer.text()
        except aiohttp.ClientError:
            return ""

    def cli(self, *arguments: str) -> str:
        result = CliRunner().invoke(cli, [*arguments], env=environment_of(self.kafka, self.worker))
        assert result.exit_code == 0, result.output
        return result.output

    def on_disk(self) -> dict[Topic, bytes]:
        """Return the segments of the compacted topics, as they lie on the broker's disk."""
        log = self.folder / "kafka" / "log"
        return {
            topic: b"".join(path.read_bytes() for path in sorted(log.glob(f"{topic}-0/*.log"))) for topic in COMPACTED
        }

    @asynccontextmanager
    async def beside(self, session: aiohttp.ClientSession) -> AsyncIterator[tuple[Vendors, str]]:
        webhooks = WebhookSettings(port=0, **{f"{name}_secret": SecretStr(SECRET) for name in _VENDORS})  # type: ignore[arg-type]
        site = site_of(
            WebSettings(port=0, worker_metrics=""),
            self.worker,
            Access([line_of("t", [Role.GATE, Role.AUDITOR], "test")]),
        )
        following = followers(site, self.kafka, self.worker)
        async with (
            asyncio.TaskGroup() as tasks,
            serving_site(site) as port,
            serving_webhooks(webhooks, self.kafka, self.worker) as hooks,
        ):
            running = [tasks.create_task(follower.run()) for follower in following]
            yield Vendors(hooks, session), f"http://127.0.0.1:{port}"
            self.spoken.write(await self._text(session, f"http://127.0.0.1:{hooks}/metrics"))
            for task in running:
                task.cancel()


_VENDORS: Final = ("shopify", "aftership", "easypost", "zendesk")


def rubbish() -> list[OutRecord]:
    """Every event of the stories again, its bytes damaged and its values in the wrong places."""
    found = []
    for number, (_, topic, event, payload) in enumerate(events()):
        rng = seeded(1, "rubbish", number)
        whole = encode_event(topic, event, payload)
        found.append(OutRecord(topic, b"k", damaged(rng, whole)))
        # what somebody sends who has no schema: personal values in plain sight
        found.append(OutRecord(topic, b"k", json.dumps(payload).encode()))
        try:
            found.append(OutRecord(topic, b"k", encode_event(topic, event, reshaped(rng, payload))))
        except InvalidRecord:
            continue
    return found


async def feed(run: Run, vendors: Vendors, gate: str, session: aiohttp.ClientSession) -> None:
    told = [OutRecord(topic, b"k", encode_event(topic, event, payload)) for _, topic, event, payload in events()]
    await write(run.kafka, run.worker, told)
    await write(run.kafka, run.worker, rubbish())
    await vendors.order(7001, 5501)
    await vendors.shopify("customers/update")
    await vendors.zendesk("ticket_created", str(wall_clock() // 1_000))
    # unproved, and proved but unusable
    async with session.post(f"{vendors._url}shopify", data=raw("shopify/customers_update")) as answer:
        assert answer.status == 401
    for body in (b'{"email": "jordan@example.com"', json.dumps(_UNUSABLE).encode()):
        signed = {"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-Sha256": _signed(body)}
        async with session.post(f"{vendors._url}shopify", data=body, headers=signed) as answer:
            assert answer.status == 422
    for path in ("customers/C-1001/may-send?class=promotion", "customers/C-1001/may-send?class=maya@example.org"):
        async with session.get(f"{gate}/v1/{path}", headers={"Authorization": "Bearer t"}) as answer:
            assert answer.status in {200, 400}
    async with session.get(f"{gate}/customers/C-1001", headers={"Authorization": "Bearer t"}) as answer:
        assert answer.status == 200


_UNUSABLE: Final = {"id": 9, "customer": {"id": 5, "email": "jordan@example.com"}, "created_at": "jordan"}


def _signed(body: bytes) -> str:
    return b64encode(digest(body)).decode()


def found_in(text: str, values: dict[str, str]) -> list[str]:
    return sorted(f"{field}: {value}" for value, field in values.items() if value in text)


def test_what_was_fed_in_of_people_is_told_to_nobody_and_gone_when_they_are_erased(
    broker: Broker, tmp_path: Path
) -> None:
    run = Run(broker, tmp_path)
    personal = personal_values((topic, event, payload) for _, topic, event, payload in events())
    people = sorted({payload["customer_id"] for *_, payload in events() if "customer_id" in payload})
    folder = tmp_path / "worker"
    folder.mkdir()
    logs.configure("json", "DEBUG", run.spoken)

    async def go() -> None:
        await run.prepare()
        with Workers(1, environment_of(run.kafka, run.worker), folder, print):
            async with aiohttp.ClientSession() as session, run.beside(session) as (vendors, gate):
                await feed(run, vendors, gate, session)
                metrics = await run.idle(session)
                assert "makegood_dead_letters_total{" in metrics
                run.spoken.write(metrics)
                held = json.loads(await asyncio.to_thread(run.cli, "export", MAYA))
                _is_whole(held)
                run.spoken.write(await asyncio.to_thread(run.cli, "dead-letters", "list"))
                for topic, content in run.on_disk().items():
                    was_there = found_in(content.decode(errors="replace"), personal)
                    assert was_there, f"nothing personal was ever written to {topic}: this looks for nothing"

                for person in people:
                    erased = {"customer_id": person, "occurred_at": to_iso(wall_clock())}
                    await run.publish(Topic.CUSTOMERS, "customer_erased", erased)
                await run.idle(session)
                await _compacted(run, people)
        run.spoken.write((folder / "worker-0.log").read_text(encoding="utf-8"))
        left = json.loads(await asyncio.to_thread(run.cli, "export", MAYA))
        assert not {*COMPACTED} & left["topics"].keys(), left["topics"].keys()

    try:
        asyncio.run(go())
    finally:
        logs.configure()
    said = run.spoken.getvalue()
    # kept beside the broker's data, to be looked at when this fails
    (tmp_path / "said.log").write_text(said, encoding="utf-8")
    assert "dead letters, " in said
    assert "known to the auditors" not in said
    # all that stays of an erasure: a hash that only who has the key and the id can make
    for person in people:
        assert f"who={run.cli('erased', person).strip()}" in said
    assert found_in(said, personal) == []
    assert [value for value in WEBHOOK_PEOPLE if value in said] == []


def _is_whole(held: dict[str, Any]) -> None:
    topics = held["topics"]
    expected = {"customers", "orders", "tracking-scans", "case-events", "journey-log", "journey-changelog"}
    expected |= {"directory-changelog", "suppressions", "decisions", "notices", "dead-letters"}
    assert expected <= topics.keys()
    assert "maya@example.org" in json.dumps(topics["journey-changelog"])
    assert {"kind": "email", "value": "maya@example.org", "scope": ""} in held["known_by"]
    others = {"C-2002", "C-3003"}
    for topic in ("journey-changelog", "suppressions", "decisions", "notices"):
        assert {record["key"] for record in topics[topic]} == {MAYA}, topic
    assert not others & {record["key"] for record in topics["directory-changelog"]}


async def _compacted(run: Run, people: list[str]) -> None:
    """Wait until compaction has taken the erased out of the broker's files.

    The newest segment of a topic is never compacted: others' records, in each of the topics, roll it on.
    """
    number, wanted_gone, still = 0, (*people, "maya@example.org", "SO-1001"), [""]

    async def is_gone() -> bool:
        nonlocal number
        number += 1
        await write(run.kafka, run.worker, _filler(f"filler-{number}"))
        await asyncio.sleep(1)
        files = run.on_disk()
        still[:] = [
            f"{topic}: {own}" for topic, content in files.items() for own in wanted_gone if own.encode() in content
        ]
        return not still

    try:
        await eventually(is_gone, "the erased are gone from the broker's files", 120)
    except AssertionError:
        pytest.fail(f"still in the broker's files: {still}")


def _filler(name: str) -> list[OutRecord]:
    """Somebody else's lost parcel, whom a mail address leads to, and an offer: a record in every compacted topic."""
    at = {"occurred_at": to_iso(wall_clock())}
    parcel = {"carrier": "ups", "tracking_number": f"1Z-{name}"}
    sent = {"customer_id": name, "journey_id": name, "consignment_id": "c1", "parcels": [parcel], **at}
    told: list[tuple[Topic, str, dict[str, Any]]] = [
        (Topic.CAMPAIGNS, "offer_stated", {"offer_id": name, "version": 1, "terms": {"discount": "20 %"}, **at}),
        (Topic.ORDERS, "order_placed", {"customer_id": name, "order_id": name, **at}),
        (Topic.ORDERS, "dispatched", sent),
        (Topic.TRACKING_SCANS, "parcel_scanned", {**parcel, "status": "failure", "sub_status": "lost", **at}),
    ]
    return [OutRecord(topic, b"k", encode_event(topic, event, payload)) for topic, event, payload in told]
