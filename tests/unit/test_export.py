"""What is held about a customer is what names them, and nothing that only has the same word in it."""

import pytest

from app.clock import Instant
from app.decide.folder import load_folder, version_of
from app.emit.records import Emit
from app.export import Gathering, names_of
from app.facts import Identities, PolicyActivated, Profile, ProfileStated, encode_fact
from app.ids import CustomerId, OutputId
from app.journey.activation import activation
from app.journey.parked import PARKED, Parked, encode_parked, kept_place
from app.journey.state import POLICY_KEY
from app.journey.stored import encode_policy, waiting_for_nothing
from app.outputs import DeadLetter, DeadLetterReason
from app.settings import WorkerSettings
from app.stage import LogRecord
from app.topics import Topic
from app.wire.codec import bundled_codec
from app.wire.payload import encode_event
from tests.support.journeys import fact

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


def letter(value: bytes) -> bytes:
    reason = DeadLetterReason.UNDECODABLE
    refused = DeadLetter(OutputId("1"), NOW, reason, "it is no event", None, "orders", 0, 0, b"k", value, NOW)
    return Emit(bundled_codec()).record(refused).value or b""


def cut_short(customer: str) -> bytes:
    """Return an event that lost its end."""
    payload = {"occurred_at": "2026-09-21T10:00:00Z", "customer_id": customer, "order_id": "1"}
    return encode_event(Topic.ORDERS, "order_placed", payload)[:-3]


@pytest.mark.parametrize(
    "value",
    [
        b'{"customer_id": "nobody", "order": 7',
        b"7;nobody;2026-09-21",
        b"nobody",
        b"\xff\x0cnobodyB\x02",
        b"\xa6nobody9",
        b"nobody1 nobody",
        cut_short("nobody"),
    ],
)
def test_what_could_not_be_read_is_theirs_when_their_name_stands_in_it(value: bytes) -> None:
    assert len(found(Topic.DEAD_LETTERS, b"1", letter(value))) == 1


@pytest.mark.parametrize(
    "value",
    [
        b'{"customer_id": "C-nobody", "order": 7',
        b"7;nobody@example.org;2026-09-21",
        b"anobody nobody2",
        b"\x10nobody42",
        cut_short("nobody7"),
    ],
)
def test_what_could_not_be_read_is_not_theirs_when_their_name_is_a_piece_of_another(value: bytes) -> None:
    assert found(Topic.DEAD_LETTERS, b"1", letter(value)) == []


@pytest.mark.parametrize("who", ["ann", "nobody"])
def test_what_is_kept_of_somebody_who_is_parked_is_theirs_however_short_their_name(who: str) -> None:
    of_them = fact(ProfileStated(Profile(identities=Identities(email="x@example.org"))), 0, journey=None)
    key = b"ann"
    kept = waiting_for_nothing(encode_fact(of_them))
    stands = encode_parked(Parked(NOW, 0, "kim", "breaks us", 1))
    places = [(kept_place(key, 0), kept), (PARKED + key, stands)]
    gathering = Gathering(Topic.JOURNEY_CHANGELOG, names_of(CustomerId(who), None), bundled_codec())
    for offset, (place, value) in enumerate(places):
        gathering.take(LogRecord(place, value, NOW, Topic.JOURNEY_CHANGELOG, 0, offset))
    found_of_them = list(gathering.found())
    assert len(found_of_them) == (2 if who == "ann" else 0)
    assert who != "ann" or "x@example.org" in str(found_of_them[0]["holds"])
