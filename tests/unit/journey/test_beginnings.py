"""A journey begins in one decision with how it ships and what it is promised."""

from msgspec.structs import replace

from app.facts import GivenPromise, JourneyBegan, Party
from app.outputs import Decision
from tests.support.journeys import C1, ORDER, Customer, at, fact, order, placed, promised, split


def beginning(due: float, **consignments: str) -> JourneyBegan:
    given = GivenPromise("delivered", at(due), Party.MERCHANT)
    return replace(order(), consignments=split(**consignments).consignments, promises=(given,))


def test_a_beginning_that_says_all_comes_to_what_its_parts_come_to_one_by_one() -> None:
    whole = Customer().learns(fact(beginning(48, c1="lamp", c2="shade"), 0)).state.journeys[ORDER]
    parts = placed(due=48).state.journeys[ORDER]
    assert whole.consignments == parts.consignments
    assert (whole.own, whole.status, whole.split_at) == (parts.own, parts.status, parts.split_at)


def test_a_beginning_is_one_decision() -> None:
    (decision,) = Customer().learns(fact(beginning(48, c1="lamp", c2="shade"), 0)).of(Decision)
    said = " ".join(decision.changes)
    assert all(
        word in said for word in ("began", "ships as c1, c2", "c1: delivered promised", "c2: delivered promised")
    )


def test_an_order_placed_once_more_begins_nothing_and_gives_a_new_date() -> None:
    customer = Customer().learns(
        fact(beginning(48, c1="lamp", c2="shade"), 0), fact(beginning(72, c1="lamp", c2="shade"), 3, name="again")
    )
    journey = customer.state.journeys[ORDER]
    (promise,) = [each for each in journey.consignments[C1].leg.expectations if each.basis == "promised"]
    assert (journey.began_at, promise.first_due, promise.due) == (at(0), at(48), at(72))


def test_a_promise_of_one_consignment_alone_is_not_the_others() -> None:
    given = GivenPromise("delivered", at(48), Party.MERCHANT, None, C1)
    began = replace(order(), consignments=split(c1="lamp", c2="shade").consignments, promises=(given,))
    journey = Customer().learns(fact(began, 0)).state.journeys[ORDER]
    promising = {name for name, each in journey.consignments.items() if each.leg.promises}
    alone = Customer().learns(fact(replace(began, promises=()), 0), fact(promised(48), 0, consignment=C1))
    assert promising == {C1}
    assert journey.consignments == alone.state.journeys[ORDER].consignments
