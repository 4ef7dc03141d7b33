"""A mass incident in one customer's journeys: reported once, told as one matter, left when the last has recovered."""

import pytest

from app.facts import (
    CustomerAbsorbed,
    CustomerErased,
    CustomerMerged,
    Fact,
    FailureStated,
    IncidentLeft,
    IncidentReported,
    IncidentTold,
    OperatorDecided,
    Party,
    Scanned,
    ScanStatus,
)
from app.ids import CustomerId, FactId, JourneyId
from app.journey.stored import encode_state
from app.journey.trouble import Problem
from app.journey.turn import Told
from app.outputs import Notice
from tests.support.journeys import DISPATCHED, MONDAY, ORDER, Customer, fact, line, order, parcels

OTHER = JourneyId("order:2")
KEY = "incident:house/understocked/P-lamp"
UNDERSTOCKED = FailureStated("understocked", Party.MERCHANT)


def ordered(*journeys: JourneyId) -> Customer:
    begun = (fact(order(line("lamp")), 0, journey=name, name=f"began {name}") for name in journeys)
    return Customer().learns(*begun)


def fails(customer: Customer, journey: JourneyId, hour: float) -> Customer:
    return customer.learns(fact(UNDERSTOCKED, hour, journey=journey, name=f"understocked {journey}"))


def reports(customer: Customer) -> list[IncidentReported]:
    return [told.fact.what for told in customer.of(Told) if isinstance(told.fact.what, IncidentReported)]


def leaving(customer: Customer) -> list[bool]:
    """Return whether the customer left or came back, in order."""
    return [told.fact.what.back for told in customer.of(Told) if isinstance(told.fact.what, IncidentLeft)]


def answered(customer: Customer, hour: float, *, declared: bool = True) -> Customer:
    question = reports(customer)[-1].question
    what = IncidentTold(question, KEY, MONDAY if declared else None)
    return customer.learns(fact(what, hour, journey=None, name=f"told@{hour}"))


def members(customer: Customer) -> list[Problem]:
    return [problem for problem in customer.state.problems.values() if problem.incident == KEY]


def to_customer(customer: Customer) -> list[tuple[str, str]]:
    said = [notice for notice in customer.of(Notice) if notice.recipient == "customer"]
    return [(notice.template, notice.fields.get("affected", "")) for notice in said]


def test_two_orders_with_one_cause_are_reported_once_and_joined_together() -> None:
    customer = fails(fails(ordered(ORDER, OTHER), ORDER, 1), OTHER, 2)
    assert [(what.problem, what.cause, what.brand) for what in reports(customer)] == [
        ("understocked", "P-lamp", "house")
    ]
    answered(customer, 3)
    assert len(members(customer)) == 2


def test_what_is_no_incident_yet_changes_nothing() -> None:
    customer = answered(fails(ordered(ORDER), ORDER, 1), 2, declared=False)
    assert not members(customer)
    assert customer.state.questions == ()


def test_a_second_order_in_the_same_incident_brings_no_message_of_its_own() -> None:
    customer = answered(fails(ordered(ORDER, OTHER), ORDER, 1), 2)
    before = to_customer(customer)
    fails(customer, OTHER, 3)
    assert to_customer(customer) == before == [("shop_problem", "")]
    assert len(members(customer)) == 2, "known to be part of it without asking again"
    assert len(reports(customer)) == 1
    assert len({hold.owner for hold in customer.held}) == 2, "each problem holds on its own"


def test_progress_speaks_of_all_that_is_hit_once() -> None:
    customer = fails(answered(fails(ordered(ORDER, OTHER), ORDER, 1), 2), OTHER, 3).waits(30)
    assert to_customer(customer)[1:] == [("progress", "1, 2")]
    (said,) = [notice for notice in customer.of(Notice) if notice.template == "progress"]
    assert said.text.endswith("Many customers have the same problem; one team works on it for all of them.")


def decided(customer: Customer, problem: Problem, action: str, hour: float) -> Customer:
    what = OperatorDecided(action, "ana", "cx_lead", "enough", problem.id)
    return customer.learns(fact(what, hour, journey=None, name=f"{action} {problem.id}"))


def test_the_customer_leaves_with_the_last_problem() -> None:
    customer = answered(fails(fails(ordered(ORDER, OTHER), ORDER, 1), OTHER, 2), 3)
    first, second = sorted(members(customer), key=lambda each: each.opened_at)
    decided(customer, first, "write_off", 4)
    assert leaving(customer) == []
    decided(customer, second, "write_off", 5)
    assert leaving(customer) == [False]


def test_who_recovered_before_the_answer_leaves_at_once() -> None:
    customer = fails(ordered(ORDER), ORDER, 1)
    (problem,) = customer.problems("understocked")
    decided(customer, problem, "write_off", 2)
    assert leaving(customer) == []
    answered(customer, 3)
    assert leaving(customer) == [False]


def test_who_becomes_another_customer_leaves_and_the_other_one_comes_in_their_place() -> None:
    customer = answered(fails(ordered(ORDER), ORDER, 1), 2)
    state = encode_state(customer.state, None)
    customer.learns(fact(CustomerMerged(CustomerId("eve")), 3, journey=None))
    assert leaving(customer) == [False]
    winner = Customer().learns(fact(CustomerAbsorbed(CustomerId("ann of old"), state), 3, journey=None))
    assert leaving(winner) == [True]
    assert len(members(winner)) == 1


def test_who_is_erased_leaves() -> None:
    customer = answered(fails(ordered(ORDER), ORDER, 1), 2)
    customer.learns(fact(CustomerErased(), 3, journey=None))
    assert leaving(customer) == [False]


@pytest.mark.parametrize(("place", "cause"), [("Reading", "dhl/Reading"), (None, "dhl")])
def test_a_parcel_that_stops_is_reported_by_where_it_was_last_seen(place: str | None, cause: str) -> None:
    seen = Scanned("dhl", "D-1", ScanStatus.IN_TRANSIT, location=place)
    customer = Customer().learns(
        fact(order(line("lamp")), 0), fact(parcels("D-1"), 1), fact(DISPATCHED, 1, name="sent"), fact(seen, 2)
    )
    customer.waits(24 * 4)
    assert [what.cause for what in reports(customer) if what.problem == "stalled"] == [cause]


def test_the_place_counts_that_was_seen_last_however_late_it_is_learnt() -> None:
    def seen(at: str, hour: float, known: float) -> Fact:
        what = Scanned("dhl", "D-1", ScanStatus.IN_TRANSIT, location=at)
        return fact(what, hour, known, name=FactId(at))

    customer = Customer().learns(fact(order(line("lamp")), 0), fact(parcels("D-1"), 1), seen("Slough", 3, 3))
    customer.learns(seen("Reading", 2, 4)).waits(24 * 4)
    assert [what.cause for what in reports(customer) if what.problem == "stalled"] == ["dhl/Slough"]


def test_a_desk_with_nothing_is_reported_by_its_place() -> None:
    nothing = FailureStated("service_unavailable", Party.MERCHANT, location="Airport")
    visit = JourneyId("reservation:1")
    began = order(line("car"), brand="cars")
    customer = Customer().learns(
        fact(type(began)("reservation", "cars", began.value), 0, journey=visit), fact(nothing, 1, journey=visit)
    )
    assert [what.cause for what in reports(customer)] == ["Airport"]
