from msgspec.structs import replace

from app.clock import SECOND
from app.facts import FailureStated, JourneyBegan, MilestoneReached, Party
from app.ids import FactId
from app.journey import seen
from app.outputs import DeadLetter, DeadLetterReason, Decision
from tests.support.journeys import C1, DELIVERED, MOVES, ORDER, Customer, at, fact, order, placed, promised, split

RETENTION = 90 * 24.0


def test_what_comes_before_the_order_is_known_waits_for_it_and_counts_then() -> None:
    early = Customer().learns(fact(MOVES, 5, consignment=C1), fact(promised(48), 1))
    assert early.state.journeys[ORDER].provisional
    early.learns(fact(order(), 0, known=6), fact(split(c1="lamp"), 0, known=6, name="split")).waits(100)
    timely = Customer().learns(
        fact(order(), 0), fact(split(c1="lamp"), 0, name="split"), fact(promised(48), 1), fact(MOVES, 5, consignment=C1)
    )
    timely.waits(100)
    assert set(early.state.problems) == set(timely.state.problems) != set()


def test_the_decision_to_wait_and_the_one_when_the_order_is_known_have_ids_of_their_own() -> None:
    dispatched = fact(MilestoneReached("dispatched"), 5)
    ann = Customer().learns(dispatched, fact(order(), 0, known=6))
    waits, counts = [decision for decision in ann.of(Decision) if decision.cause.id == dispatched.id]
    assert "waits for it" in waits.changes[0]
    assert "waits for it" not in counts.changes[0]
    assert waits.id != counts.id


def test_facts_of_an_order_that_never_begins_become_dead_letters() -> None:
    ann = Customer().learns(fact(MOVES, 5, consignment=C1), fact(FailureStated("lost", Party.CARRIER), 6))
    ann.waits(5 + RETENTION)
    assert [letter.reason for letter in ann.of(DeadLetter)] == [DeadLetterReason.UNRESOLVED] * 2
    assert ann.state.journeys == {}


def test_a_kind_that_the_policy_does_not_know_is_a_dead_letter_with_its_source() -> None:
    ann = Customer().learns(fact(JourneyBegan("cruise", "house", None), 0))
    (letter,) = ann.of(DeadLetter)
    assert (letter.reason, letter.topic, letter.field) == (DeadLetterReason.UNKNOWN_KIND, "orders", "kind")


def test_a_repeat_changes_nothing_within_the_window() -> None:
    ann = placed().learns(fact(MOVES, 1, consignment=C1))
    before, said = ann.state, len(ann.said)
    ann.learns(fact(MOVES, 1, known=3, consignment=C1))
    assert (ann.state, len(ann.said)) == (before, said)


def test_a_movement_that_moves_only_the_next_deadline_gives_no_decision() -> None:
    ann = placed().learns(fact(MOVES, 1, consignment=C1))
    decided = len(ann.of(Decision))
    ann.learns(fact(MOVES, 9, consignment=C1))
    assert len(ann.of(Decision)) == decided


def test_a_journey_long_over_shrinks_to_its_receipt_and_late_facts_do_not_bring_it_back() -> None:
    ann = Customer().learns(fact(order(), 0), fact(promised(48), 0), fact(DELIVERED, 20)).waits(20 + RETENTION)
    assert ann.state.journeys == {}
    assert ann.state.receipts[ORDER].status == "delivered"
    ann.learns(fact(MOVES, 19, known=21 + RETENTION, consignment=C1))
    assert ann.state.journeys == {}


def test_seen_facts_are_forgotten_by_number_and_by_time() -> None:
    ids = [seen.digest_of(FactId(f"f{n}")) for n in range(5_000)]
    known = b""
    for name in ids:
        known = seen.with_fact(known, name, at(0), SECOND)
    assert len(known) // 14 == 4_096
    assert seen.is_repeat(known, ids[-1], at(0), SECOND)
    assert not seen.is_repeat(known, ids[0], at(0), SECOND)
    assert not seen.is_repeat(known, ids[-1], at(1), SECOND)


def test_time_never_goes_back_for_a_customer() -> None:
    ann = placed().waits(50)
    back = fact(DELIVERED, 40, known=45, consignment=C1)
    ann.learns(replace(back, known_at=at(45)))
    assert ann.state.last_now == at(48)
