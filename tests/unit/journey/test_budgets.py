"""A remedy that costs something is reserved until its budget has answered; what is owed waits for nobody's consent."""

from decimal import Decimal

from app.decide import compile_policy
from app.facts import (
    BudgetAnswered,
    BudgetRequested,
    BudgetReturned,
    FailureStated,
    JourneyBegan,
    Money,
    Party,
    RemedyReported,
)
from app.ids import JourneyId
from app.journey.turn import Told
from app.outputs import Decision, Escalation, Remedy
from tests.support.journeys import Customer, fact, order
from tests.support.policies import changed

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


def reported(customer: Customer, outcome: str, hour: float) -> Customer:
    remedy = customer.of(Remedy)[0]
    what = RemedyReported(outcome, "store_credit", remedy.remedy)
    return customer.learns(fact(what, hour, journey=None, name=f"{outcome}@{hour}"))


def returned(customer: Customer) -> list[BudgetReturned]:
    whats = (told.fact.what for told in customer.of(Told))
    return [what for what in whats if isinstance(what, BudgetReturned)]


def test_what_is_refused_or_fails_for_good_goes_back_to_the_budget_once() -> None:
    customer = reported(answered(understocked(), granted=True), "failed", 2)
    assert not returned(customer), "it is tried again"
    reported(reported(customer, "failed", 3), "failed", 4)
    (back,) = returned(customer)
    assert (back.budget, back.gesture, back.amount) == ("deals", "store_credit", Money(Decimal("20.00"), "USD"))
    assert not back.after_all
    assert back.period == asked(customer).period


def test_what_was_given_after_all_is_paid_for_again() -> None:
    customer = reported(answered(understocked(), granted=True), "refused", 2)
    reported(reported(customer, "granted", 3), "granted", 4)
    assert [(back.gesture, back.after_all) for back in returned(customer)] == [
        ("store_credit", False),
        ("store_credit", True),
    ]


def test_a_refund_that_fails_gives_nothing_back() -> None:
    customer = answered(understocked(), granted=True)
    (remedy,) = customer.of(Remedy)
    customer.learns(fact(RemedyReported("refused", "refund", remedy.remedy), 2, journey=None, name="no refund"))
    assert not returned(customer)


def drawn_by(instead: str) -> Customer:
    """Return a hire-car customer whose brand has a budget, whose driver was refused."""
    budget = "cars: {brands: [cars], currency: USD, period: year, amount: 500.00, refused: apology}"
    files = changed("brands/cars.yaml", "instead: nothing", f"instead: {instead}")
    text = files["policy.yaml"].decode()
    files |= {"policy.yaml": text.replace("budgets:\n", f"budgets:\n  {budget}\n").encode()}
    visit = JourneyId("reservation:1")
    began = JourneyBegan("reservation", "cars", Money(Decimal("240.00"), "USD"))
    customer = Customer(compile_policy(files)).learns(
        fact(began, 0, journey=visit),
        fact(FailureStated("service_unavailable", Party.MERCHANT), 1, journey=visit),
        fact(FailureStated("alternative_failed", Party.MERCHANT), 2, journey=visit),
    )
    for number, request in enumerate(
        told.fact.what for told in customer.of(Told) if isinstance(told.fact.what, BudgetRequested)
    ):
        answer = BudgetAnswered(request.question, True, LEFT)
        customer.learns(fact(answer, 2, name=f"answer{number}", journey=None))
    remedy = max(customer.of(Remedy), key=lambda each: len(each.gestures))
    return customer.learns(fact(RemedyReported("refused", "driver", remedy.remedy), 3, journey=None, name="no"))


def test_what_is_left_out_goes_back() -> None:
    assert [(back.gesture, str(back.amount.amount)) for back in returned(drawn_by("nothing"))] == [("driver", "50.00")]


def test_what_is_given_instead_is_paid_for_with_what_came_back() -> None:
    assert [(back.gesture, str(back.amount.amount), back.after_all) for back in returned(drawn_by("waived_fee"))] == [
        ("driver", "50.00", False),
        ("waived_fee", "25.00", True),
    ]
