"""What is held about a customer is what names them, and nothing that only has the same word in it."""

from app.clock import Instant
from app.decide.folder import load_folder, version_of
from app.export import Gathering, names_of
from app.facts import PolicyActivated
from app.ids import CustomerId
from app.journey.activation import activation
from app.journey.state import POLICY_KEY, encode_policy
from app.settings import WorkerSettings
from app.stage import LogRecord
from app.topics import Topic
from app.wire.codec import bundled_codec
from app.wire.payload import encode_event

NOW = Instant(1_790_000_000_000)
NOBODY = CustomerId("nobody")


def found(topic: Topic, key: bytes | None, value: bytes | None) -> list[object]:
    gathering = Gathering(topic, names_of(NOBODY, None), bundled_codec())
    gathering.take(LogRecord(key, value, NOW, topic, 0, 0))
    return list(gathering.found())


def test_a_policy_is_about_nobody_though_its_words_are_what_a_customer_is_called() -> None:
    files = load_folder(WorkerSettings(_env_file=None).policy_dir)
    assert any(NOBODY.encode() in text for text in files.values())
    activated = activation(version_of(files), files, NOW, 0, Topic.JOURNEY_LOG)
    assert found(Topic.JOURNEY_LOG, activated.key, activated.value) == []
    stored = encode_policy(PolicyActivated(version_of(files), files))
    assert found(Topic.JOURNEY_CHANGELOG, POLICY_KEY, stored) == []


def test_an_event_that_names_the_customer_is_theirs_whatever_its_key() -> None:
    payload = {"occurred_at": "2026-09-21T10:00:00Z", "customer_id": NOBODY, "order_id": "1001", "brand": "default"}
    value = encode_event(Topic.ORDERS, "order_placed", payload)
    assert len(found(Topic.ORDERS, b"1001", value)) == 1
    assert len(found(Topic.ORDERS, b"1001", value.replace(NOBODY.encode(), b"unsaid"))) == 0
