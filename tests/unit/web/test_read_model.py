"""The read model: what is kept of the outputs, in bounded memory, and nothing personal among it."""

import asyncio
import gc
from typing import Final

from msgspec.structs import replace

from app.clock import DAY, Instant
from app.facts import Identities
from app.ids import CustomerId, OutputId
from app.outputs import Cause, HoldEntry, Scope, Suppression
from app.shell.output_follower import Followed
from app.topics import Topic
from app.web.boards.board import build
from app.web.books import Books
from app.web.identities import Directory
from app.web.ledgers import Ledgers
from app.web.timelines import Timelines
from tests.support.explained_customer import ANN, decision, outputs
from tests.support.told_site import EMIT, empty_site, tell
from tests.support.verdict import Tombstone

NOW: Final = Instant(1_790_000_000_000)


def named(email: str) -> Suppression:
    hold = HoldEntry(Scope(("promotion",)), "late", "p", NOW, "recovered")
    return Suppression(OutputId("x"), NOW, ANN, suppressed=True, holds=(hold,), identities=Identities(email=email))


def test_a_customer_is_found_by_each_name_and_by_none_that_was_taken_away() -> None:
    directory = Directory()
    directory.put(ANN, Identities(email="Ann@Example.org", phone="+44 (20) 7946-0001", marketing_id="MK-1"))
    assert directory.find("email", " ann@example.ORG ") == ANN
    assert directory.find("phone", "+442079460001") == ANN
    assert directory.find("marketing_id", "MK-1") == ANN
    assert directory.find("marketing_id", "mk-1") is None
    assert directory.find("helpdesk_id", "MK-1") is None
    directory.put(ANN, Identities(email="new@example.org"))
    assert directory.find("email", "ann@example.org") is None


def test_one_customers_change_does_not_take_another_ones_name() -> None:
    directory = Directory()
    directory.put(CustomerId("old"), Identities(email="shared@example.org"))
    directory.put(ANN, Identities(email="shared@example.org"))
    directory.forget(CustomerId("old"))
    assert directory.find("email", "shared@example.org") == ANN


def test_no_e_mail_stays_in_memory_once_its_ledger_is_taken_in() -> None:
    ledgers = Ledgers()
    secret = "somebody-nobody-knows@example.org"
    ledgers.put(0, ANN, named(secret))
    gc.collect()
    kept = [thing for thing in gc.get_objects() if isinstance(thing, Suppression) and thing.identities is not None]
    assert all(one.identities is None or one.identities.email != secret for one in kept)
    assert ledgers.of(ANN)[0] is not None
    assert ledgers.directory.find("email", secret) == ANN


def test_a_hold_in_any_namespace_holds() -> None:
    ledgers = Ledgers()
    ledgers.put(0, ANN, Suppression(OutputId("y"), NOW, ANN, suppressed=False, holds=()))
    ledgers.put(1, ANN, named("a@example.org"))
    assert [one.suppressed for one in ledgers.of(ANN) if one] == [False, True]
    ledgers.remove(1, ANN)
    assert [one.suppressed for one in ledgers.of(ANN) if one] == [False]


def test_the_same_records_twice_change_nothing() -> None:
    site = empty_site(NOW)
    tell(site, outputs())
    before = site.model.books.customers[ANN]
    seen = (dict(before.remedies), dict(before.escalations), len(site.model.ledgers))
    tell(site, outputs())
    assert (before.remedies, before.escalations, len(site.model.ledgers)) == seen


def test_the_quietest_customers_go_first() -> None:
    books = Books(most=3)
    cause = Cause("deadline", "progress", "d", None, NOW)
    for name in ("a", "b", "c", "a", "d"):
        one = decision(name, NOW, cause)
        books.decided(type(one)(one.id, one.at, CustomerId(name), None, None, cause, one.policy, (), (), ()))
    assert list(books.customers) == ["c", "a", "d"]
    assert books.forgotten == 1


def test_timelines_keep_within_their_memory() -> None:
    timelines = Timelines(most_bytes=100)
    for name in ("a", "b", "c"):
        timelines.add(CustomerId(name), Topic.NOTICES, bytes(40))
    assert timelines.forgotten == 1
    assert asyncio.run(timelines.outputs(CustomerId("a"), lambda *_: outputs()[0])) == []
    assert len(asyncio.run(timelines.outputs(CustomerId("c"), lambda *_: outputs()[0]))) == 1


def test_a_record_that_cannot_be_read_holds_its_customer_and_is_counted() -> None:
    site = empty_site(NOW)
    site.model.take(0, Followed(Topic.SUPPRESSIONS, b"ann", b"?", NOW, None, "undecodable"))
    assert site.model.ledgers.of(ANN) == (None,)
    assert site.model.unreadable == 1


def test_what_was_not_caught_up_with_makes_all_of_it_stale() -> None:
    site = empty_site(NOW)
    assert not site.model.freshness().stale
    site.model.follows(lambda: Instant(NOW - DAY))
    assert site.model.freshness().as_of == NOW - DAY
    site.model.follows(lambda: None)
    assert site.model.freshness().as_of is None


def test_live_deadlines_tell_how_late_they_were_said() -> None:
    site = empty_site(NOW)
    breach = next(one for one in outputs() if one.id == "breach")
    record = EMIT.record(breach)
    site.model.take(0, Followed(record.topic, record.key, record.value, Instant(breach.at + 80), breach))
    site.model.take(1, Followed(record.topic, record.key, record.value, Instant(breach.at + 9_000), breach))
    assert list(site.model.books.timer_delays_ms) == [80]


def test_who_must_be_forgotten_is_even_when_what_was_said_before_is_read_later() -> None:
    site = empty_site(NOW)
    told = outputs()
    tell(site, told)
    last = max(one.at for one in told)
    erased = decision("erased", Instant(last + 1), Cause("fact", "customer_erased", "e", None, Instant(last + 1)))
    tell(site, [erased, *told, Tombstone(ANN)])
    assert ANN not in site.model.books.customers
    assert asyncio.run(site.model.timelines.outputs(ANN, site.decode)) == []
    assert site.model.ledgers.of(ANN) == ()
    tell(site, [decision("new", Instant(last + 2), Cause("fact", "journey_began", "n", None, Instant(last + 2)))])
    assert ANN in site.model.books.customers


def test_a_customer_who_became_another_one_has_no_open_problems_of_their_own() -> None:
    site = empty_site(NOW)
    tell(site, outputs())
    at = Instant(max(one.at for one in outputs()) + 1)
    tell(site, [decision("merged", at, Cause("fact", "customer_merged", "m", None, at))])
    assert site.model.books.customers[ANN].escalations == {}
    assert asyncio.run(site.model.timelines.outputs(ANN, site.decode)) != []


def test_a_hold_under_a_former_name_answers_for_it_and_is_counted_once() -> None:
    site = empty_site(NOW)
    now_called = CustomerId("ann-now")
    under_both = [named("a@example.org"), replace(named("b@example.org"), id=OutputId("y"), customer=now_called)]
    at = Instant(NOW + 1)
    tell(site, [decision("merged", at, Cause("fact", "customer_merged", "m", None, at)), *under_both])
    assert all(site.model.ledgers.of(name) for name in (ANN, now_called))
    assert asyncio.run(build(site)).lists["held"] == (now_called,)
