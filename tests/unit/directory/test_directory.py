"""What the directory does with bindings, facts and time."""

import pytest

from app.clock import DAY, MINUTE, Instant
from app.directory.limits import GRACE, LOOK_BACK, MAX_WAITING, MAX_WAITING_BYTES, REMEMBER, WAIT_LIMIT
from app.facts import Alias, AliasBound, AliasKind, FactWaiting, ScanStatus, Source, Subject, decode_entry
from app.ids import CaseId, ConsignmentId, CustomerId, JourneyId
from app.outputs import DeadLetterReason
from app.stage import LogRecord, Round, tick_value
from app.topics import Topic
from tests.support.directory_entries import (
    PARCEL,
    REQUESTER,
    T0,
    Driven,
    binding,
    days,
    dispatch,
    hours,
    message,
    origin,
    scan,
    subject,
)

CASE = Alias(AliasKind.CASE, "K-1")


def _owners(driven: Driven) -> list[str | None]:
    return [fact.subject.customer for fact in driven.found]


def test_a_scan_of_a_bound_parcel_goes_on_to_its_customer_with_the_subject_filled_in() -> None:
    driven = Driven()
    effects = driven.work(binding(T0), scan("s1", hours(5)))
    (fact,) = driven.found
    assert fact.subject == subject()
    assert (fact.known_at, fact.sequence, fact.rank) == (hours(5), 0, 0)
    assert [(out.topic, out.key) for out in effects.outputs] == [(Topic.JOURNEY_LOG, b"ann")]


def test_a_scan_that_comes_before_its_binding_waits_and_is_known_when_the_binding_is() -> None:
    driven = Driven()
    driven.work(scan("s1", hours(1), sequence=4))
    assert driven.found == []
    driven.work(binding(T0, known_at=hours(3), sequence=9))
    (fact,) = driven.found
    assert (fact.occurred_at, fact.known_at, fact.sequence, fact.rank) == (hours(1), hours(3), 9, 50_000)
    assert driven.letters == []


def test_waiting_scans_are_released_in_their_own_order() -> None:
    driven = Driven()
    driven.work(scan("late", hours(2), sequence=8), scan("early", hours(1), sequence=7))
    driven.work(binding(T0, known_at=hours(3)))
    assert [(fact.id, fact.rank) for fact in driven.found] == [("early", 80_000), ("late", 90_000)]


def test_facts_of_one_record_keep_their_order_when_they_are_released() -> None:
    driven = Driven()
    first, second = scan("f#0", hours(1), sequence=7, rank=-1), scan("f#1", hours(1), sequence=7)
    driven.work(scan("other", hours(1), sequence=6), first, second, scan("next", hours(2), sequence=8, rank=-1))
    driven.work(binding(T0, known_at=hours(3)))
    assert [fact.id for fact in sorted(driven.found, key=lambda fact: fact.order)] == ["other", "f#0", "f#1", "next"]
    assert len({fact.order for fact in driven.found}) == 4


def test_a_dispatch_that_waited_for_its_order_binds_its_parcels_once_the_order_is_known() -> None:
    driven = Driven()
    order = Alias(AliasKind.ORDER, "1001")
    driven.work(dispatch("d1", hours(1), order, PARCEL), scan("s1", hours(2)))
    assert driven.found == []
    effects = driven.work(binding(T0, subject(), alias=order, known_at=hours(3)))
    brought = [decode_entry(out.value or b"") for out in effects.outputs if out.topic is Topic.DIRECTORY]
    assert [(out.topic, out.key) for out in effects.outputs] == [
        (Topic.JOURNEY_LOG, b"ann"),
        (Topic.DIRECTORY, PARCEL.key()),
    ]
    driven.work(*brought)
    assert [(fact.id, fact.subject.customer) for fact in driven.found] == [("d1", "ann"), ("s1", "ann")]


def test_a_released_scan_that_was_known_after_its_binding_keeps_its_own_time_and_rank() -> None:
    driven = Driven()
    driven.work(scan("s1", hours(4), sequence=2))
    driven.work(binding(T0, known_at=hours(3), sequence=9))
    (fact,) = driven.found
    assert (fact.known_at, fact.sequence, fact.rank) == (hours(4), 2, 0)


def test_a_scan_that_nobody_owns_becomes_a_dead_letter_with_its_original_bytes() -> None:
    driven = Driven()
    driven.work(scan("s1", T0, sequence=3))
    driven.work(until=Instant(T0 + WAIT_LIMIT - 1))
    assert driven.letters == []
    driven.work(until=Instant(T0 + WAIT_LIMIT + DAY))
    (letter,) = driven.letters
    assert letter.reason is DeadLetterReason.UNRESOLVED
    assert letter.at == T0 + WAIT_LIMIT
    assert (letter.topic, letter.partition, letter.offset) == (Topic.TRACKING_SCANS, 1, 3)
    assert (letter.key, letter.value, letter.timestamp) == (b"key", b"\xc3" * 3, T0)
    assert driven.table == {}
    assert driven.dues == {}


def test_a_binding_known_at_the_deadline_is_too_late_and_one_just_before_it_is_not() -> None:
    late, timely = Driven(), Driven()
    for driven, known_at in ((late, T0 + WAIT_LIMIT), (timely, T0 + WAIT_LIMIT - 1)):
        driven.work(scan("s1", T0), binding(T0, known_at=Instant(known_at)))
    assert (len(late.found), len(late.letters)) == (0, 1)
    assert (len(timely.found), len(timely.letters)) == (1, 0)


def test_the_reason_of_a_dead_letter_never_holds_the_alias() -> None:
    driven = Driven()
    driven.work(message("m1", T0))
    driven.work(until=days(8))
    (letter,) = driven.letters
    assert "req-7" not in letter.detail
    assert "helpdesk id" in letter.detail


def test_a_repeat_of_a_waiting_scan_waits_once() -> None:
    driven = Driven()
    driven.work(scan("s1", T0), scan("s1", T0, known_at=hours(2)))
    driven.work(scan("s1", T0, known_at=hours(3)))
    driven.work(binding(T0, known_at=hours(4)))
    assert len(driven.found) == 1


def test_a_recycled_number_means_its_new_owner_from_the_newer_binding_on() -> None:
    driven = Driven()
    driven.work(binding(T0, subject("ann")), binding(days(90), subject("bob")))
    driven.work(scan("old", days(60), known_at=days(91)), scan("new", days(90)))
    assert _owners(driven) == ["ann", "bob"]


def test_an_older_binding_that_arrives_after_a_newer_one_takes_its_own_time_only() -> None:
    driven = Driven()
    driven.work(binding(days(90), subject("bob")), scan("waits", days(50)))
    driven.work(binding(T0, subject("ann"), known_at=days(51)), scan("old", days(40)), scan("new", days(91)))
    assert _owners(driven) == ["ann", "ann", "bob"]


@pytest.mark.parametrize("status", [ScanStatus.DELIVERED, ScanStatus.PICKED_UP, ScanStatus.RETURNED])
def test_a_terminal_scan_ends_a_binding_after_its_grace(status: ScanStatus) -> None:
    driven = Driven()
    end = Instant(hours(5) + GRACE)
    driven.work(binding(T0), scan("terminal", hours(5), status=status))
    driven.work(scan("in grace", Instant(end - 1)), scan("after", end))
    assert [fact.id for fact in driven.found] == ["terminal", "in grace"]


@pytest.mark.parametrize("status", sorted(set(ScanStatus) - {"delivered", "picked_up", "returned"}))
def test_no_other_scan_ends_a_binding(status: ScanStatus) -> None:
    driven = Driven()
    driven.work(binding(T0), scan("one", hours(5), status=status), scan("much later", days(100)))
    assert len(driven.found) == 2


def test_a_later_terminal_scan_moves_the_end() -> None:
    driven = Driven()
    delivered, returned = (
        scan("d", days(1), status=ScanStatus.DELIVERED),
        scan("r", days(9), status=ScanStatus.RETURNED),
    )
    driven.work(binding(T0), delivered, returned, scan("late", days(20)))
    assert [fact.id for fact in driven.found] == ["d", "r", "late"]


def test_a_delivery_dated_before_the_hand_over_does_not_end_the_binding_before_it_began() -> None:
    driven = Driven()
    driven.work(binding(days(20)), scan("delivered", T0, status=ScanStatus.DELIVERED), scan("accepted", days(20)))
    assert [fact.id for fact in driven.found] == ["delivered", "accepted"]


def test_a_scan_shortly_before_the_binding_began_belongs_to_it_and_one_long_before_does_not() -> None:
    driven = Driven()
    start = days(100)
    driven.work(binding(start))
    driven.work(scan("near", Instant(start - LOOK_BACK), known_at=start))
    driven.work(scan("far", Instant(start - LOOK_BACK - 1), known_at=start))
    assert [fact.id for fact in driven.found] == ["near"]


def test_the_look_back_never_reaches_into_an_earlier_bindings_life() -> None:
    driven = Driven()
    driven.work(binding(T0, subject("ann")), binding(days(10), subject("bob")), scan("s", days(9), known_at=days(11)))
    assert _owners(driven) == ["ann"]


def test_a_scan_between_an_ended_binding_and_the_next_one_belongs_to_the_next() -> None:
    driven = Driven()
    driven.work(binding(T0, subject("ann")), scan("end", days(1), status=ScanStatus.DELIVERED))
    driven.work(binding(days(30), subject("bob"), known_at=days(20)), scan("label", days(16), known_at=days(20.5)))
    assert _owners(driven) == ["ann", "bob"]


def test_a_requesters_message_belongs_to_the_first_owner_we_ever_hear_of() -> None:
    driven = Driven()
    driven.work(message("m1", T0), binding(days(200), alias=REQUESTER, known_at=days(1)))
    assert _owners(driven) == ["ann"]


def test_a_delivery_does_not_end_an_order_number() -> None:
    order = Alias(AliasKind.ORDER, "1001")
    driven = Driven()
    driven.work(
        binding(T0, alias=order),
        scan("delivered", days(1), status=ScanStatus.DELIVERED, alias=order),
        scan("later", days(90), alias=order),
    )
    assert len(driven.found) == 2


def test_what_the_sender_stated_stands_and_a_consignment_is_added_within_the_same_journey_only() -> None:
    driven = Driven()
    stated = Subject(journey=JourneyId("order:other"))
    driven.work(binding(T0, alias=REQUESTER), message("m1", hours(1), stated=stated))
    assert driven.found[0].subject == Subject(CustomerId("ann"), JourneyId("order:other"))
    own = Subject(journey=JourneyId("order:ann"))
    driven.work(message("m2", hours(1), stated=own))
    assert driven.found[1].subject == subject()


def test_a_binding_said_twice_changes_nothing() -> None:
    driven = Driven()
    driven.work(binding(T0))
    effects = driven.work(binding(T0, known_at=hours(2)), binding(hours(1)))
    assert effects == ([], {}, {}, 0)


def test_more_facts_than_may_wait_push_out_the_oldest() -> None:
    driven = Driven()
    for number in range(MAX_WAITING + 2):
        driven.work(scan(f"s{number}", Instant(T0 + number), sequence=number))
    assert [letter.offset for letter in driven.letters] == [0, 1]
    assert all("this was the oldest" in letter.detail for letter in driven.letters)
    driven.work(binding(T0, known_at=hours(1)))
    assert len(driven.found) == MAX_WAITING


def test_more_bytes_than_may_wait_push_out_the_oldest_but_never_the_newest() -> None:
    driven = Driven()
    driven.work(scan("small", T0, sequence=1), scan("huge", hours(1), sequence=2, bytes_=MAX_WAITING_BYTES + 1))
    assert [letter.offset for letter in driven.letters] == [1]
    driven.work(binding(T0, known_at=hours(2)))
    assert [fact.id for fact in driven.found] == ["huge"]


def test_an_alias_is_forgotten_once_its_binding_ended_long_enough_ago() -> None:
    driven = Driven()
    driven.work(binding(T0), scan("end", hours(5), status=ScanStatus.DELIVERED))
    forget = Instant(hours(5) + GRACE + REMEMBER)
    assert driven.dues == {PARCEL.key(): forget}
    assert driven.stage.next_due(driven.table[PARCEL.key()]) == forget
    driven.work(until=Instant(forget - 1))
    assert driven.table
    driven.work(until=forget)
    assert driven.table == {}


def test_a_number_that_is_used_again_and_again_keeps_a_short_history() -> None:
    driven = Driven()
    for number in range(40):
        driven.work(binding(Instant(T0 + number * MINUTE), subject(f"customer-{number}")))
    largest = len(driven.table[PARCEL.key()])
    driven.work(binding(hours(100), subject("customer-x1")))
    assert len(driven.table[PARCEL.key()]) <= largest + 8


def test_the_table_is_computed_over_and_not_changed() -> None:
    driven = Driven()
    driven.work(binding(T0))
    before = dict(driven.table)
    records = [LogRecord(None, tick_value(hours(1)), T0, Topic.DIRECTORY, 0, 7)]
    driven.stage.work(Round(0, records, [PARCEL.key()], days(400)), driven.table)
    assert driven.table == before


def test_a_binding_without_a_customer_is_a_bug_and_stops_the_worker() -> None:
    nobody = AliasBound(PARCEL, Subject(consignment=ConsignmentId("c1")), T0, T0, Source("orders", 0, 1))
    with pytest.raises(ValueError, match="without a customer"):
        Driven().work(nobody)


def test_a_record_of_another_version_is_a_bug_and_stops_the_worker() -> None:
    record = LogRecord(PARCEL.key(), b"\x09nonsense", T0, Topic.DIRECTORY, 0, 7)
    with pytest.raises(ValueError, match="upgrade it first"):
        Driven().stage.work(Round(0, [record], [], T0), {})
    with pytest.raises(ValueError, match="upgrade it first"):
        Driven().stage.next_due(b"\x09nonsense")


def _case(journey: str | None = None, *, customer: str = "ann") -> Subject:
    return Subject(CustomerId(customer), None if journey is None else JourneyId(journey), case=CaseId("case:K-1"))


@pytest.mark.parametrize("opening_first", [True, False])
def test_a_message_of_a_case_takes_from_it_no_journey_that_its_opening_named(opening_first: bool) -> None:
    opening = binding(T0, _case("order:ann"), alias=CASE)
    messages = [binding(hours(hour), _case(), alias=CASE) for hour in (3, 1)]
    driven = Driven()
    driven.work(*([opening, *messages] if opening_first else [*messages, opening]))
    driven.work(scan("s1", hours(5), alias=CASE))
    assert [fact.subject for fact in driven.found] == [_case("order:ann")]


def test_a_case_that_turns_out_to_be_of_somebody_else_is_theirs_from_then_on() -> None:
    driven = Driven()
    driven.work(binding(T0, _case("order:ann"), alias=CASE), binding(hours(2), _case(customer="bob"), alias=CASE))
    driven.work(scan("before", hours(1), alias=CASE), scan("after", hours(3), alias=CASE))
    assert _owners(driven) == ["ann", "bob"]


def test_what_is_found_by_its_case_says_nothing_more_about_the_case() -> None:
    driven = Driven()
    asked = FactWaiting(CASE, message("m1", hours(1), stated=Subject(case=CaseId("case:K-1"))).fact, origin(9, T0, 3))
    effects = driven.work(binding(T0, _case(), alias=CASE), asked)
    assert [out.topic for out in effects.outputs] == [Topic.JOURNEY_LOG]


def test_what_is_found_by_its_requester_says_whose_the_case_is() -> None:
    driven = Driven()
    effects = driven.work(
        binding(T0, Subject(CustomerId("ann")), alias=REQUESTER),
        message("m1", hours(1), stated=Subject(case=CaseId("case:K-1"))),
    )
    assert [(out.topic, out.key) for out in effects.outputs if out.topic is Topic.DIRECTORY] == [
        (Topic.DIRECTORY, CASE.key())
    ]
