"""What the customer has: bought and not sent back, remembered when the journey has shrunk to its receipt."""

from decimal import Decimal

from app.facts import (
    AssetTold,
    AudioAsset,
    HoldAudioPlayed,
    JourneyBegan,
    JourneyCancelled,
    Line,
    MilestoneReached,
    Money,
    Party,
)
from app.ids import JourneyId, LineId
from app.journey.owned import owned
from tests.support.journeys import CASE, DELIVERED, ORDER, Customer, fact, order

RETURN = JourneyId("return:1")
SHRUNK = 130 * 24


def phones(quantity: int) -> Line:
    return Line(LineId("L1"), "PHONE", "phone", quantity, Decimal("40.00"))


def bought(quantity: int = 1) -> Customer:
    return Customer().learns(fact(order(phones(quantity)), 0), fact(DELIVERED, 48, name="here"))


def sent_back(customer: Customer, hour: float) -> Customer:
    back = JourneyBegan("return", "house", Money(Decimal("40.00"), "USD"), (phones(1),))
    return customer.learns(
        fact(back, hour, journey=RETURN, name="back"),
        fact(MilestoneReached("goods_received"), hour + 1, journey=RETURN, name="received"),
        fact(MilestoneReached("refunded"), hour + 2, journey=RETURN, name="paid back"),
    )


def has(customer: Customer) -> frozenset[str]:
    return owned(customer.policy, customer.state)


def test_what_was_bought_is_owned_also_when_only_its_receipt_is_left() -> None:
    assert has(bought()) == {"PHONE"}
    customer = bought().waits(SHRUNK)
    assert list(customer.state.receipts) == [ORDER]
    assert has(customer) == {"PHONE"}


def test_what_was_sent_back_is_not_and_one_of_two_leaves_one() -> None:
    assert has(sent_back(bought(), 72)) == frozenset()
    assert has(sent_back(bought(2), 72)) == {"PHONE"}
    assert has(sent_back(bought(), 72).waits(SHRUNK)) == frozenset()


def test_what_was_cancelled_was_never_owned() -> None:
    customer = Customer().learns(fact(order(phones(1)), 0), fact(JourneyCancelled(Party.CUSTOMER), 1))
    assert has(customer) == frozenset()


def test_an_upgrade_for_what_a_caller_bought_long_ago_is_seen_to_be_irrelevant() -> None:
    customer = bought().waits(SHRUNK)
    customer.learns(fact(HoldAudioPlayed("played", "UP"), SHRUNK + 1, journey=None, case=CASE))
    assert not customer.problems("hold_audio_irrelevant")
    told = AssetTold("asset/ann/UP", "UP", AudioAsset("UP", "upsell", ("PHONE",)))
    customer.learns(fact(told, SHRUNK + 1, journey=None, name="told"))
    assert len(customer.problems("hold_audio_irrelevant")) == 1
