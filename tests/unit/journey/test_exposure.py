"""The register knows of a customer's severe open problems: types alone, and only what changed."""

from app.facts import ExposureChanged, FailureStated, MilestoneReached, Party, severe_key, shard_of
from app.ids import JourneyId
from app.journey.turn import Told
from tests.support.journeys import ANN, Customer, fact, order

LOST = FailureStated("lost", Party.CARRIER)
DAMAGED = FailureStated("damaged", Party.CARRIER)


def exposures(customer: Customer) -> list[ExposureChanged]:
    told = (told for told in customer.of(Told) if isinstance(told.fact.what, ExposureChanged))
    found = []
    for each in told:
        assert isinstance(each.fact.what, ExposureChanged)
        assert each.key == severe_key(each.fact.what.brand, shard_of(ANN))
        found.append(each.fact.what)
    return found


def test_a_problem_below_the_policys_line_is_not_told() -> None:
    assert exposures(Customer().learns(fact(order(), 0), fact(DAMAGED, 1))) == []


def test_a_severe_problem_is_told_once_and_taken_back_when_it_has_recovered() -> None:
    customer = Customer().learns(fact(order(), 0), fact(LOST, 1))
    assert exposures(customer) == [ExposureChanged("house", 3, ("lost",))]
    customer.learns(fact(MilestoneReached("refunded"), 2)).waits(24 * 3 + 1)
    assert len(exposures(customer)) == 1
    customer.waits(24 * 30)
    assert exposures(customer)[1:] == [ExposureChanged("house", 0, ())]


def test_every_brand_of_the_customer_knows_of_it_and_one_of_them_counts() -> None:
    customer = Customer().learns(fact(order(), 0), fact(LOST, 1))
    customer.learns(fact(order(brand="audio"), 2, journey=JourneyId("order:2")))
    assert exposures(customer) == [
        ExposureChanged("house", 3, ("lost",)),
        ExposureChanged("audio", 3, ("lost",)),
        ExposureChanged("house", 3, ("lost",), again=True),
    ]
