from msgspec.structs import replace

from app.clock import SECOND
from app.decide.policy import Policy
from app.facts import Fact, FailureStated, JourneyBegan, MilestoneReached, Party, Source
from app.ids import FactId, JourneyId
from app.journey import seen
from app.outputs import DeadLetter, DeadLetterReason, Decision
from tests.support.journeys import (
    C1,
    DELIVERED,
    DISPATCHED,
    MOVES,
    ORDER,
    Customer,
    at,
    fact,
    order,
    placed,
    promised,
    split,
)
from tests.support.policies import default_policy

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


def redriven(first: Fact, offset: int, hours: float) -> Fact:
    """Return a fact as its record comes in once more, at another place of the log."""
    return replace(first, source=Source("orders", 0, offset), known_at=at(hours))


def knowing_cruises() -> Policy:
    policy = default_policy()
    return replace(policy, kinds={**policy.kinds, "cruise": policy.kinds["order"]})


def test_a_refused_kind_is_taken_when_it_is_redriven_after_the_policy_has_learnt_it() -> None:
    cruise = fact(JourneyBegan("cruise", "house", None), 0)
    ann = Customer().learns(cruise)
    assert ann.state.journeys == {}
    ann.policy = knowing_cruises()
    ann.learns(redriven(cruise, 7, 30))
    assert ann.state.journeys[ORDER].kind == "cruise"
    known = ann.state
    ann.learns(redriven(cruise, 8, 31), cruise)
    assert ann.state == known
    ids = [said.id for said in ann.said if isinstance(said, Decision | DeadLetter)]
    assert len(ids) == len(set(ids))


def test_what_waited_for_a_refused_beginning_is_taken_with_it() -> None:
    cruise = fact(JourneyBegan("cruise", "house", None), 0)
    ann = Customer().learns(cruise, fact(DISPATCHED, 1))
    ann.policy = knowing_cruises()
    ann.learns(redriven(cruise, 7, 30))
    assert not ann.state.journeys[ORDER].provisional
    assert ann.state.journeys[ORDER].waiting == ()


def test_a_record_that_is_refused_is_refused_once_however_often_intake_sends_it() -> None:
    cruise = fact(JourneyBegan("cruise", "house", None), 0)
    ann = Customer().learns(cruise, fact(order(), 1, name="another", journey=JourneyId("order:2")))
    said, state = list(ann.said), ann.state
    ann.learns(cruise)
    assert (ann.said, ann.state) == (said, state)


def test_each_record_that_is_refused_has_a_letter_and_a_decision_of_its_own() -> None:
    cruise = fact(JourneyBegan("cruise", "house", None), 0)
    ann = Customer().learns(cruise, redriven(cruise, 7, 1))
    letters = ann.of(DeadLetter)
    assert [letter.offset for letter in letters] == [0, 7]
    assert len({*(letter.id for letter in letters), *(decision.id for decision in ann.of(Decision))}) == 4


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
