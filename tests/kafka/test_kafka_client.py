"""Reaching a cluster: a late one is waited for, a secured one is logged in to, a refusal is told at once."""

import asyncio
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from aiokafka import AIOKafkaProducer
from structlog.testing import capture_logs

from app.broker import Broker
from app.broker.ports import free_port
from app.errors import SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options, connection_options, wait_for_broker
from app.shell.topics_admin import apply_topics

_STORE_PASSWORD = "for-this-test-only"


class Secured(NamedTuple):
    """A broker with a SASL_SSL listener beside its plain one, and the certificate that it shows."""

    address: str
    certificate: Path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    store, certificate = _self_signed(folder)
    port = free_port()
    listeners = f"PLAINTEXT://127.0.0.1:{{port}},SASL_SSL://127.0.0.1:{port}"
    also = {
        "listeners": listeners + ",CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule "
        'required user_makegood="right";',
        "ssl.keystore.location": str(store),
        "ssl.keystore.password": _STORE_PASSWORD,
        "ssl.keystore.type": "PKCS12",
    }
    with Broker.start(folder / "data", also=also):
        yield Secured(f"127.0.0.1:{port}", certificate)
    shutil.rmtree(folder / "data")


def test_a_client_with_the_right_password_and_authority_gets_in(secured: Secured, topic_prefix: str) -> None:
    kafka = _login(secured)
    worker = WorkerSettings(topic_prefix=topic_prefix, partitions=1, input_partitions=1)

    async def write() -> int:
        await wait_for_broker(kafka, limit=20)
        await apply_topics(kafka, worker)
        async with AIOKafkaProducer(**client_options(kafka)) as producer:
            written = await producer.send_and_wait(topic_prefix + "orders", b"x")
            return int(written.offset)

    assert asyncio.run(write()) == 0


def test_a_wrong_password_is_told_at_once_and_not_waited_for(secured: Secured) -> None:
    with pytest.raises(SetupError, match=r"refuses our log-in.*KAFKA_SASL_PASSWORD") as told:
        asyncio.run(asyncio.wait_for(wait_for_broker(_login(secured, password="wrong")), 15))
    assert "wrong" not in str(told.value)


def test_an_authority_that_did_not_sign_is_told_at_once(secured: Secured) -> None:
    with pytest.raises(SetupError, match=r"no TLS with .*KAFKA_SSL_CAFILE"):
        asyncio.run(asyncio.wait_for(wait_for_broker(_login(secured, trust_it=False)), 15))


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate", encoding="ascii")
    with pytest.raises(SetupError, match="KAFKA_SSL_CAFILE"):
        connection_options(KafkaSettings(security_protocol="SSL", ssl_cafile=tmp_path / "ca.pem"))


def test_plaintext_sends_no_password(secured: Secured) -> None:
    plain = _login(secured).model_copy(update={"security_protocol": "PLAINTEXT"})
    assert connection_options(plain) == {"security_protocol": "PLAINTEXT"}


def test_a_broker_that_comes_late_is_waited_for_visibly(tmp_path: Path) -> None:
    port = free_port()
    late: list[Broker] = []

    def come_late() -> None:
        time.sleep(1.5)
        late.append(Broker.start(tmp_path, port))

    coming = threading.Thread(target=come_late)
    coming.start()
    try:
        with capture_logs() as lines:
            asyncio.run(wait_for_broker(KafkaSettings(bootstrap=f"127.0.0.1:{port}"), limit=60, tell_every=1))
    finally:
        coming.join()
        late[0].stop()
    assert len(lines) >= 2
    first = lines[0]
    assert (first["event"], first["address"]) == ("waiting_for_broker", f"127.0.0.1:{port}")
    assert "makegood broker start" in first["do"]


def test_a_broker_that_never_comes_is_given_up_after_the_limit() -> None:
    kafka = KafkaSettings(bootstrap=f"127.0.0.1:{free_port()}")
    with pytest.raises(SetupError, match=rf"no Kafka at {kafka.bootstrap} after 1 s .nobody listens at"):
        asyncio.run(wait_for_broker(kafka, limit=1))


def test_one_live_broker_of_the_list_is_enough(kafka_bootstrap: str) -> None:
    kafka = KafkaSettings(bootstrap=f"127.0.0.1:{free_port()},{kafka_bootstrap}")
    asyncio.run(wait_for_broker(kafka, limit=10))


def _login(secured: Secured, password: str = "right", *, trust_it: bool = True) -> KafkaSettings:
    return KafkaSettings.model_validate(
        {
            "bootstrap": secured.address,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "PLAIN",
            "sasl_username": "makegood",
            "sasl_password": password,
            "ssl_cafile": secured.certificate if trust_it else None,
        }
    )


def _self_signed(folder: Path) -> tuple[Path, Path]:
    """Make a key and certificate for 127.0.0.1 with the JDK's own tool."""
    store, certificate = folder / "store.p12", folder / "certificate.pem"
    common = ["-keystore", str(store), "-storetype", "PKCS12", "-storepass", _STORE_PASSWORD, "-alias", "broker"]
    made = ["-genkeypair", "-keyalg", "EC", "-dname", "CN=127.0.0.1", "-ext", "san=ip:127.0.0.1", "-ext", "bc:c"]
    subprocess.run(["keytool", *made, *common], check=True, capture_output=True)
    subprocess.run(
        ["keytool", "-exportcert", "-rfc", "-file", str(certificate), *common], check=True, capture_output=True
    )
    return store, certificate
