"""Customers that turn out to be one, or must be forgotten."""

import pytest

from app.clock import Instant
from app.directory.stage import Directory
from app.emit.records import Emit
from app.facts import (
    Alias,
    AliasBound,
    AliasForgotten,
    AliasKind,
    CustomerErased,
    CustomerMerged,
    Fact,
    Identities,
    JourneyBegan,
    Profile,
    ProfileStated,
    Source,
    Subject,
    What,
    decode_entry,
    decode_fact,
    encode_entry,
    encode_fact,
)
from app.ids import CustomerId, FactId, JourneyId
from app.journey.activation import activation
from app.journey.stage import Journeys
from app.journey.stored import decode_state
from app.stage import LogRecord, OutRecord, Round
from app.topics import Topic
from app.wire.codec import bundled_codec
from tests.support.policies import default_files, default_policy

ANN, BEN, EVE = CustomerId("ann"), CustomerId("ben"), CustomerId("eve")
EMIT = Emit(bundled_codec())


class Log:
    """The journey stage over one partition, fed with what it hands to itself as well."""

    def __init__(self) -> None:
        self.stage = Journeys(EMIT)
        self.table: dict[bytes, bytes] = {}
        self.said: list[OutRecord] = []
        self._number = 0
        record = activation(default_policy().version, default_files(), Instant(0), 0)
        self._work(LogRecord(None, record.value, Instant(0), Topic.JOURNEY_LOG, 0, 0))

    def tell(self, customer: CustomerId, what: What, journey: str | None = None) -> list[OutRecord]:
        self._number += 1
        at = Instant(1_783_000_000_000 + self._number)
        subject = Subject(customer, None if journey is None else JourneyId(journey))
        fact = Fact(FactId(f"f{self._number}"), what, subject, at, at, Source("test", 0, self._number))
        before = len(self.said)
        self._work(LogRecord(customer.encode(), encode_fact(fact), at, Topic.JOURNEY_LOG, 0, self._number))
        return self.said[before:]

    def _work(self, record: LogRecord) -> None:
        waiting = [record]
        hops = 0
        while waiting:
            hops += 1
            assert hops < 10, "a fact goes round in a circle"
            effects = self.stage.work(Round(0, [waiting.pop(0)], [], record.timestamp), self.table)
            for key, value in effects.changes.items():
                if value is None:
                    self.table.pop(key, None)
                else:
                    self.table[key] = value
            self.said += effects.outputs
            waiting += [
                LogRecord(out.key, out.value, record.timestamp, Topic.JOURNEY_LOG, 0, record.offset)
                for out in effects.outputs
                if out.topic is Topic.JOURNEY_LOG
            ]

    def journeys_of(self, customer: CustomerId) -> set[str]:
        value = self.table.get(customer.encode())
        return set() if value is None else set(decode_state(value).journeys)


@pytest.fixture
def log() -> Log:
    return Log()


def _order() -> JourneyBegan:
    return JourneyBegan("order", "house", None)


def test_the_journeys_of_a_merged_customer_are_the_winners_and_so_are_later_facts(log: Log) -> None:
    log.tell(ANN, _order(), "order:1")
    log.tell(ANN, CustomerMerged(BEN))
    log.tell(ANN, _order(), "order:2")
    assert log.journeys_of(BEN) == {"order:1", "order:2"}
    assert log.journeys_of(ANN) == set()


def test_a_chain_of_merges_ends_at_the_last_and_a_circle_at_whoever_closes_it(log: Log) -> None:
    log.tell(ANN, _order(), "order:1")
    log.tell(ANN, CustomerMerged(BEN))
    log.tell(BEN, CustomerMerged(EVE))
    assert log.journeys_of(EVE) == {"order:1"}
    log.tell(EVE, CustomerMerged(ANN))
    log.tell(ANN, _order(), "order:2")
    owners = [customer for customer in (ANN, BEN, EVE) if log.journeys_of(customer)]
    assert [log.journeys_of(customer) for customer in owners] == [{"order:1", "order:2"}]


def test_a_customer_merged_into_itself_stays_as_it_is(log: Log) -> None:
    log.tell(ANN, _order(), "order:1")
    log.tell(ANN, CustomerMerged(ANN))
    assert log.journeys_of(ANN) == {"order:1"}


def test_an_erased_customer_leaves_no_state_and_a_tombstone_whoever_they_had_been(log: Log) -> None:
    log.tell(ANN, _order(), "order:1")
    log.tell(ANN, CustomerMerged(BEN))
    said = log.tell(BEN, CustomerErased())
    assert set(log.table) == {b"\x00policy"}
    assert {(out.key, out.value) for out in said if out.topic is Topic.SUPPRESSIONS} == {
        (b"ben", None),
        (b"ann", None),
    }


def test_erasing_reaches_the_one_whom_the_customer_has_become(log: Log) -> None:
    log.tell(ANN, _order(), "order:1")
    log.tell(ANN, CustomerMerged(BEN))
    log.tell(ANN, CustomerErased())
    assert set(log.table) == {b"\x00policy"}


def test_erasing_tells_the_directory_every_name_of_now_and_before(log: Log) -> None:
    for email in ("old@example.org", "new@example.org"):
        log.tell(ANN, ProfileStated(Profile(identities=Identities(email=email, phone="0044 20 7946"))))
    log.tell(ANN, _order(), "order:1")
    said = log.tell(ANN, CustomerErased())
    forgotten = [decode_entry(out.value) for out in said if out.topic is Topic.DIRECTORY and out.value is not None]
    aliases = {entry.alias for entry in forgotten if isinstance(entry, AliasForgotten)}
    assert aliases == {
        Alias(AliasKind.EMAIL, "old@example.org"),
        Alias(AliasKind.EMAIL, "new@example.org"),
        Alias(AliasKind.PHONE, "44207946"),
        Alias(AliasKind.ORDER, "1"),
    }


def test_the_directory_drops_a_forgotten_alias_but_not_another_customers(log: Log) -> None:
    alias, at = Alias(AliasKind.PHONE, "44207946"), Instant(1_783_000_000_000)
    directory, table = Directory(EMIT.record), dict[bytes, bytes]()
    for customer, forgotten, left in ((ANN, BEN, 1), (ANN, ANN, 0)):
        entries = (
            AliasBound(alias, Subject(customer), at, at, Source("test", 0, 0)),
            AliasForgotten(alias, forgotten, at),
        )
        for entry in entries:
            record = LogRecord(alias.key(), encode_entry(entry), at, Topic.DIRECTORY, 0, 0)
            effects = directory.work(Round(0, [record], [], Instant(0)), table)
            table = {key: value for key, value in {**table, **effects.changes}.items() if value is not None}
        assert len(table) == left


def test_a_fact_on_its_way_to_another_customer_names_them(log: Log) -> None:
    log.tell(ANN, CustomerMerged(BEN))
    said = log.tell(ANN, _order(), "order:1")
    handed = [decode_fact(out.value) for out in said if out.topic is Topic.JOURNEY_LOG and out.value is not None]
    assert [fact.subject.customer for fact in handed] == [BEN]
