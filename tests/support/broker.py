"""Pytest plugin: one real broker for the session, and names of its own for each test.

`--kafka-bootstrap HOST:PORT` uses a running cluster instead of starting one. A broker that is missing or does not
answer fails the tests that need it; none is skipped.
"""

import re
import secrets
import shutil
from collections.abc import Iterator

import pytest

from app.broker import Broker
from app.settings import KafkaSettings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kafka-bootstrap",
        metavar="HOST:PORT",
        help="use this Kafka cluster instead of starting a broker for the tests",
    )


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the session's Kafka; do not stop it, start a `Broker` of your own for that."""
    given = request.config.getoption("--kafka-bootstrap")
    if given:
        yield given
        return
    data_dir = tmp_path_factory.mktemp("kafka")
    with Broker.start(data_dir) as broker:
        yield broker.bootstrap
    shutil.rmtree(data_dir)


@pytest.fixture(scope="session")
def kafka_settings(request: pytest.FixtureRequest, kafka_bootstrap: str) -> KafkaSettings:
    """Settings that lead to the session's Kafka; how to log in to a given one comes from the environment."""
    if request.config.getoption("--kafka-bootstrap"):
        return KafkaSettings(bootstrap=kafka_bootstrap)
    return KafkaSettings(bootstrap=kafka_bootstrap, security_protocol="PLAINTEXT")


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> str:
    """A prefix for topics, groups and transactional ids that no other test and no other run has."""
    readable = re.sub(r"[^a-zA-Z0-9]+", "-", request.node.name)[:40].strip("-")
    return f"{readable}-{secrets.token_hex(4)}-"
