"""A remedy that costs something is reserved until its budget has answered; what is owed waits for nobody's consent."""

from decimal import Decimal

from app.facts import BudgetAnswered, BudgetRequested, FailureStated, Money, Party
from app.journey.turn import Told
from app.outputs import Decision, Escalation, Remedy
from tests.support.journeys import Customer, fact, order

LEFT = Money(Decimal("80.00"), "USD")


def understocked() -> Customer:
    failure = FailureStated("understocked", Party.MERCHANT)
    return Customer().learns(fact(order(brand="deals"), 0), fact(failure, 1))


def asked(customer: Customer) -> BudgetRequested:
    (request,) = (told.fact.what for told in customer.of(Told) if isinstance(told.fact.what, BudgetRequested))
    return request


def answered(customer: Customer, *, granted: bool, name: str = "answer") -> Customer:
    return customer.learns(fact(BudgetAnswered(asked(customer).question, granted, LEFT), 1, name=name, journey=None))


def kinds(customer: Customer) -> list[list[str]]:
    return [[gesture.kind for gesture in remedy.gestures] for remedy in customer.of(Remedy)]


def test_nothing_is_given_before_the_budget_has_answered_and_nothing_twice() -> None:
    customer = understocked()
    assert kinds(customer) == []
    assert asked(customer).amount == Money(Decimal("20.00"), "USD")
    answered(customer, granted=True)
    answered(customer, granted=True, name="again")
    assert kinds(customer) == [["refund", "store_credit"]]
    assert not [said for said in customer.of(Escalation) if said.reason == "budget_refused"]


def test_a_refund_is_owed_and_draws_on_no_budget() -> None:
    customer = answered(understocked(), granted=False)
    assert kinds(customer) == [["refund"]]
    assert [said.owner for said in customer.of(Escalation) if said.reason == "budget_refused"] == ["cx_lead"]


def test_the_decision_that_gives_it_names_the_rows_that_sized_it_and_the_budget() -> None:
    customer = answered(understocked(), granted=True)
    (remedy,) = customer.of(Remedy)
    (decision,) = (each for each in customer.of(Decision) if remedy.id in each.outputs)
    rows = {(row.table, row.row) for row in decision.rules}
    assert {("remedies", "not_supplied_credit"), ("budgets", "deals")} <= rows


def test_a_reserved_remedy_is_not_settled_so_nothing_recovers_meanwhile() -> None:
    customer = understocked().waits(24 * 6)
    assert customer.problem("understocked").recovered_at is None
    assert [known.settled_at for known in customer.state.remedies.values()] == [None]


def test_a_remedy_without_cost_asks_nobody() -> None:
    failure = FailureStated("understocked", Party.MERCHANT)
    customer = Customer().learns(fact(order(brand="house"), 0), fact(failure, 1))
    assert not [told for told in customer.of(Told) if isinstance(told.fact.what, BudgetRequested)]
    assert kinds(customer) == [["refund"]]
