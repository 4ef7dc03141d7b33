"""Rights on a real broker that checks them: each role can do its work, and is refused everything else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from aiokafka import AIOKafkaConsumer
from click.testing import CliRunner, Result
from pydantic import SecretStr

from app.cli import cli
from app.decide import compile_policy, load_folder
from app.emit.records import Emit
from app.errors import SetupError
from app.outputs import Suppression
from app.replay.workers import Workers, environment_of
from app.rights import READS, WRITES, ClusterRole
from app.settings import KafkaSettings, SinkSettings, WebhookSettings, WebSettings, WorkerSettings
from app.shell.kafka_client import client_options, wait_for_broker
from app.shell.output_reader import codec_of
from app.shell.policy_activation import activate
from app.shell.publisher import write
from app.shell.sink_worker import run_sinks
from app.shell.topics_admin import apply_topics
from app.stage import OutRecord
from app.topics import Topic
from app.web.access import Access, Role, line_of
from app.web.server import followers, site_of
from app.web.server import serving as serving_site
from app.web.webhook_server import serving as serving_webhooks
from app.wire.payload import encode_event
from tests.kafka.asked_rights import asking
from tests.kafka.test_webhooks_to_tools import SECRET, Vendors, eventually
from tests.support.marketing_tools import BrazeTool, VirtualTime, served
from tests.support.secured_broker import LOG_INS, STRANGER, LogIn, SecuredBroker, secured_broker

# of topics just made, of refusals that are wanted, and of the first consumer groups on a new broker
pytestmark = pytest.mark.expects_error_log("aiokafka")

LOST: Final = "ann"
CANCELLED: Final = "7001"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    with secured_broker(tmp_path_factory.mktemp("secured")) as broker:
        broker.let_in_by_scram(ClusterRole.WORKER)
        yield broker


def namespace(prefix: str, folder: Path) -> WorkerSettings:
    return WorkerSettings(
        topic_prefix=prefix,
        partitions=1,
        input_partitions=1,
        web_port=0,
        state_dir=folder,
    )


def acls(kafka: KafkaSettings, worker: WorkerSettings, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["topics", "acls", *arguments], env=environment_of(kafka, worker))


def settled(secured: SecuredBroker, prefix: str, folder: Path) -> WorkerSettings:
    """Return a namespace whose rights are given and whose topics its admin has made."""
    made = namespace(prefix, folder)
    given = acls(secured.root(), made)
    assert given.exit_code == 0, given.output
    asyncio.run(apply_topics(secured.settings(ClusterRole.ADMIN), made))
    return made


@pytest.fixture(scope="module")
def worker(secured: SecuredBroker) -> WorkerSettings:
    """The namespace that most tests ask about; its topics hold rubbish."""
    return settled(secured, "asked-", secured.folder)


def test_each_role_may_read_and_write_what_is_declared_for_it_and_nothing_else(
    secured: SecuredBroker, worker: WorkerSettings
) -> None:
    async def ask(role: ClusterRole) -> tuple[set[Topic], set[Topic]]:
        async with asking(secured.settings(role)) as may:
            read = {topic for topic in Topic if await may.may_read(worker.topic_prefix + topic)}
            written = {topic for topic in Topic if await may.may_write(worker.topic_prefix + topic)}
            return read, written

    async def go() -> None:
        for role in ClusterRole:
            assert await ask(role) == (set(READS.get(role, ())), set(WRITES.get(role, ()))), role

    asyncio.run(go())


def test_only_a_worker_may_join_its_group_and_begin_its_transactions(
    secured: SecuredBroker, worker: WorkerSettings
) -> None:
    """Whoever begins a worker's transaction throws the worker out of its partition."""
    group = worker.application_id
    transaction = f"{group}.{worker.topic_prefix}journey-log.0"

    async def go() -> None:
        for role in ClusterRole:
            async with asking(secured.settings(role)) as may:
                is_worker = role is ClusterRole.WORKER
                assert await may.may_use_group(group) is is_worker, role
                assert await may.may_begin(transaction) is is_worker, role
                assert await may.may_use_group(f"{worker.topic_prefix}marketing-braze") is (
                    role is ClusterRole.MARKETING
                )
                assert await may.may_create(worker.topic_prefix + "orders") is (role is ClusterRole.ADMIN), role
                assert await may.may_create(worker.topic_prefix + "another") is False, role
                assert await may.may_see_rights() is (role is ClusterRole.ADMIN), role

    asyncio.run(go())


@pytest.mark.parametrize("log_in", LOG_INS)
def test_the_same_principal_has_the_same_rights_however_it_logs_in(
    secured: SecuredBroker, worker: WorkerSettings, log_in: LogIn
) -> None:
    async def go() -> None:
        async with asking(secured.settings(ClusterRole.WORKER, log_in)) as may:
            assert await may.may_write(worker.topic_prefix + "suppressions")
            assert not await may.may_write(worker.topic_prefix + "orders")

    asyncio.run(go())


def test_who_has_no_rights_and_who_has_no_name_see_nothing(secured: SecuredBroker, worker: WorkerSettings) -> None:
    async def go() -> None:
        for kafka in (secured.nameless(), secured.settings(STRANGER, "mTLS")):
            async with asking(kafka) as may:
                for topic in Topic:
                    assert not await may.may_read(worker.topic_prefix + topic)
                    assert not await may.may_write(worker.topic_prefix + topic)
                assert not await may.may_use_group(worker.application_id)

    asyncio.run(go())


@pytest.mark.parametrize("log_in", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password_is_refused_and_not_told_back(secured: SecuredBroker, log_in: LogIn) -> None:
    wrong = secured.settings(ClusterRole.WORKER, log_in).model_copy(update={"sasl_password": SecretStr("guess-me")})
    with pytest.raises(SetupError, match="refuses our log-in") as told:
        asyncio.run(wait_for_broker(wrong, limit=5))
    assert "guess-me" not in str(told.value)


def test_a_client_without_a_certificate_of_the_authority_is_refused(secured: SecuredBroker) -> None:
    bare = secured.settings(ClusterRole.WORKER, "mTLS").model_copy(update={"ssl_certfile": None, "ssl_keyfile": None})
    with pytest.raises(SetupError):
        asyncio.run(wait_for_broker(bare, limit=2))


def test_rights_are_shown_then_given_then_nothing_is_left_to_do(
    secured: SecuredBroker, topic_prefix: str, tmp_path: Path
) -> None:
    worker = namespace(topic_prefix, tmp_path)
    shown = acls(secured.root(), worker, "--dry-run")
    wanted = shown.output.splitlines()[:-1]
    assert f"+ User:makegood-web may Read topic {topic_prefix}suppressions" in wanted
    assert f"{len([line for line in wanted if line[0] == '+'])} rights would be changed" in shown.output
    printed = acls(secured.root(), worker, "--print").output.splitlines()
    again = acls(secured.root(), worker, "--dry-run").output
    assert again == shown.output, "a dry run changed something"
    acls(secured.root(), worker)
    last = acls(secured.settings(ClusterRole.ADMIN), worker).output
    assert "+ " not in last
    given_before = 6
    """At most: to join the group, see its places, begin transactions, follow with sinks, and twice on the cluster."""
    assert 0 <= len(printed) - sum(line[0] == "+" for line in wanted) <= given_before


def test_a_right_that_was_not_declared_is_shown_and_taken_away_when_asked(
    secured: SecuredBroker, worker: WorkerSettings
) -> None:
    mistaken = ["--principal", "upstream=User:makegood-mistaken"]
    worker = worker.model_copy(update={"application_id": "other"})
    acls(secured.root(), worker, *mistaken)
    # the same person is now only the marketing tool
    now = ["--principal", "marketing=User:makegood-mistaken"]
    shown = acls(secured.root(), worker, *now)
    beside = f"User:makegood-mistaken may Write topic {worker.topic_prefix}orders"
    assert f"! {beside}: not declared; left" in shown.output
    gone = acls(secured.root(), worker, "--take-away", *now)
    assert f"- {beside}" in gone.output
    assert beside not in acls(secured.root(), worker, *now).output


def test_who_is_not_the_admin_is_told_that_it_may_not_hand_out_rights(
    secured: SecuredBroker, worker: WorkerSettings
) -> None:
    told = acls(secured.settings(ClusterRole.OPERATOR), worker)
    assert told.exit_code == 2
    assert "log in as its admin" in told.output


def test_a_cluster_without_an_authorizer_is_told_plainly(kafka_settings: KafkaSettings) -> None:
    told = acls(kafka_settings, WorkerSettings())
    assert told.exit_code == 2
    assert "everybody may do everything there" in told.output


def test_a_word_that_is_no_role_or_no_principal_is_refused(kafka_settings: KafkaSettings) -> None:
    for wrong in ("worke=User:x", "worker=x", "worker=User:", "worker"):
        told = acls(kafka_settings, WorkerSettings(), "--principal", wrong)
        assert told.exit_code == 2
        assert "is not ROLE=PRINCIPAL" in told.output


def test_a_worker_without_rights_says_which_command_gives_them(secured: SecuredBroker, worker: WorkerSettings) -> None:
    told = CliRunner().invoke(
        cli, ["dead-letters", "list"], env=environment_of(secured.settings(STRANGER, "mTLS"), worker)
    )
    assert told.exit_code == 2
    assert "makegood topics acls" in told.output


class Roles:
    """Every process of a shop, each logged in as itself."""

    def __init__(self, secured: SecuredBroker, worker: WorkerSettings) -> None:
        self.secured = secured
        self.worker = worker

    def kafka(self, role: ClusterRole, log_in: LogIn = "PLAIN") -> KafkaSettings:
        return self.secured.settings(role, log_in)

    async def activate(self) -> None:
        files = load_folder(self.worker.policy_dir)
        await activate(self.kafka(ClusterRole.OPERATOR), self.worker, compile_policy(files).version, files)

    async def upstream(self) -> None:
        """An order whose parcel the carrier says is lost."""
        at = {"occurred_at": "2026-07-10T09:00:00Z"}
        order = {"customer_id": LOST, "order_id": "1001", **at}
        parcel = {"carrier": "ups", "tracking_number": "1Z999"}
        sent = {"customer_id": LOST, "journey_id": "1001", "consignment_id": "c1", "parcels": [parcel], **at}
        scan = {**parcel, "status": "failure", "sub_status": "lost", "occurred_at": "2026-07-11T06:00:00Z"}
        records = [
            OutRecord(Topic.ORDERS, b"1001", encode_event(Topic.ORDERS, "order_placed", order)),
            OutRecord(Topic.ORDERS, b"1001", encode_event(Topic.ORDERS, "dispatched", sent)),
            OutRecord(Topic.TRACKING_SCANS, b"1Z999", encode_event(Topic.TRACKING_SCANS, "parcel_scanned", scan)),
        ]
        await write(self.kafka(ClusterRole.UPSTREAM, "mTLS"), self.worker, records)

    @contextlib.asynccontextmanager
    async def gate(self) -> AsyncIterator[str]:
        settings = WebSettings(port=0, worker_metrics="")
        site = site_of(settings, self.worker, Access([line_of("t", [Role.GATE], "test")]))
        following = followers(site, self.kafka(ClusterRole.WEB), self.worker)
        async with asyncio.TaskGroup() as tasks, serving_site(site) as port:
            running = [tasks.create_task(follower.run()) for follower in following]
            yield f"http://127.0.0.1:{port}"
            for task in running:
                task.cancel()

    @contextlib.asynccontextmanager
    async def sinks(self) -> AsyncIterator[None]:
        settings = SinkSettings(confirm_after_s=0.1, longest_pause_s=1.0, port=0)
        running = asyncio.create_task(run_sinks(settings, self.kafka(ClusterRole.SINKS), self.worker))
        yield
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    async def marketing(self) -> Mapping[str, set[str]]:
        """Return who is held and why, as a marketing platform's own consumer group reads it."""
        prefix = self.worker.topic_prefix
        consumer = AIOKafkaConsumer(
            prefix + Topic.SUPPRESSIONS,
            **client_options(self.kafka(ClusterRole.MARKETING)),
            group_id=f"{prefix}marketing-braze",
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )
        decode = Emit(codec_of(self.worker)).decode
        found: dict[str, set[str]] = {}
        async with consumer, asyncio.timeout(60):
            while "lost" not in found.get(LOST, ()) or CANCELLED not in found:
                record = await consumer.getone()
                said = decode(Topic.SUPPRESSIONS, record.value)
                assert isinstance(said, Suppression)
                found[said.customer] = {hold.reason for hold in said.holds}
            await consumer.commit()
        return found


def test_a_whole_shop_works_with_one_principal_a_role(
    secured: SecuredBroker, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = settled(secured, topic_prefix, tmp_path)
    shop = Roles(secured, worker)
    folder = tmp_path / "worker"
    folder.mkdir()
    environment = environment_of(shop.kafka(ClusterRole.WORKER, "SCRAM-SHA-512"), worker)
    webhooks = WebhookSettings(port=0, shopify_secret=SecretStr(SECRET))

    async def go() -> None:
        await shop.activate()
        async with served(BrazeTool(VirtualTime(), LOST, CANCELLED)) as braze:
            monkeypatch.setenv("MAKEGOOD_BRAZE_URL", braze.url)
            monkeypatch.setenv("MAKEGOOD_BRAZE_KEY", BrazeTool.key)
            with Workers(1, environment, folder, print):
                async with (
                    shop.gate() as gate,
                    shop.sinks(),
                    serving_webhooks(webhooks, shop.kafka(ClusterRole.WEBHOOKS), worker) as port,
                    aiohttp.ClientSession() as session,
                ):
                    vendors = Vendors(port, session)
                    await vendors.order(int(CANCELLED), 5501)
                    await vendors.shopify("orders/cancelled")
                    await shop.upstream()
                    held = await shop.marketing()

                    async def carried() -> bool:
                        return all(braze.people[who].get("recovery_hold") for who in (LOST, CANCELLED))

                    await eventually(carried, "the tool has both holds")
                    await eventually(lambda: _held(session, gate), "the gate says no")
        assert "lost" in held[LOST]
        assert held[CANCELLED] == {"cancelled_by_merchant"}
        for arguments in (("snapshot", "take"), ("snapshot", "window")):
            as_operator = environment_of(shop.kafka(ClusterRole.OPERATOR), worker)
            kept = await asyncio.to_thread(
                CliRunner().invoke, cli, [*arguments, str(tmp_path / "kept")], env=as_operator
            )
            assert kept.exit_code == 0, kept.output
        as_web = environment_of(shop.kafka(ClusterRole.WEB), worker)
        refused = await asyncio.to_thread(
            CliRunner().invoke, cli, ["snapshot", "take", str(tmp_path / "web")], env=as_web
        )
        assert refused.exit_code == 2
        assert not list((tmp_path / "web").iterdir())
        log = (folder / "worker-0.log").read_text(encoding="utf-8")
        assert "secret-of-worker" not in log

    asyncio.run(go())


async def _held(session: aiohttp.ClientSession, gate: str) -> bool:
    path = f"{gate}/v1/customers/{LOST}/may-send?class=promotion"
    async with session.get(path, headers={"Authorization": "Bearer t"}) as response:
        answer: Any = await response.json()
        return bool(answer["why"] == "hold")
