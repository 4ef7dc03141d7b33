"""A suppression record names the customer as the policy's marketing platforms know them, now."""

import pytest

from app.decide import compile_policy
from app.errors import PolicyError
from app.facts import FailureStated, Identities, MilestoneReached, Party, Profile, ProfileStated, RemedyReported
from app.outputs import Suppression
from tests.support.journeys import Customer, fact, order
from tests.support.policies import changed

ALL_OF_THEM = "[email, phone, loyalty_number, helpdesk_id, marketing_id]"


def known_as(customer: Customer, hour: float, **names: str) -> Customer:
    profile = Profile(identities=Identities(**names))
    return customer.learns(fact(ProfileStated(profile), hour, journey=None, name=f"known@{hour}"))


def held(policy: str = ALL_OF_THEM) -> Customer:
    customer = Customer(compile_policy(changed("policy.yaml", ALL_OF_THEM, policy)))
    known_as(customer.learns(fact(order(), 0)), 1, email="ann@example.org", marketing_id="M-1", helpdesk_id="Z-1")
    return customer.learns(fact(FailureStated("understocked", Party.MERCHANT), 2))


def records(customer: Customer) -> list[Suppression]:
    return customer.of(Suppression)


def test_only_what_the_policy_lists_is_carried() -> None:
    (record,) = records(held("[marketing_id]"))
    assert record.identities == Identities(marketing_id="M-1")
    (record,) = records(held())
    assert record.identities == Identities(email="ann@example.org", marketing_id="M-1", helpdesk_id="Z-1")


def test_a_new_name_is_said_at_once_with_the_same_holds() -> None:
    customer = known_as(held(), 3, email="ann@example.com", marketing_id="M-1", helpdesk_id="Z-1")
    before, after = records(customer)
    assert (before.holds, before.suppressed) == (after.holds, after.suppressed)
    assert after.identities is not None
    assert after.identities.email == "ann@example.com"
    assert after.id != before.id


def test_a_name_that_marketing_does_not_know_by_changes_nothing() -> None:
    customer = known_as(held("[email]"), 3, email="ann@example.org", helpdesk_id="Z-2")
    assert len(records(customer)) == 1


def test_the_same_names_again_change_nothing() -> None:
    customer = known_as(held(), 3, email="ann@example.org", marketing_id="M-1", helpdesk_id="Z-1")
    assert len(records(customer)) == 1


def released() -> Customer:
    customer = held()
    (remedy,) = customer.state.remedies.values()
    paid = RemedyReported("granted", "refund", remedy.id)
    return customer.learns(fact(paid, 4, journey=None), fact(MilestoneReached("refunded"), 4)).waits(24 * 5)


def test_a_release_names_the_customer_anew_while_it_can_be_read_and_its_ramp_stands() -> None:
    customer = released()
    release = records(customer)[-1]
    assert not release.suppressed
    again = records(known_as(customer, 24 * 6, email="ann@example.com"))[-1]
    assert (again.suppressed, again.ramp) == (False, release.ramp)
    assert again.identities == Identities(email="ann@example.com")


def test_once_it_is_forgotten_nothing_is_said_of_a_new_name() -> None:
    customer = released().waits(24 * 40)
    said = len(records(customer))
    assert len(records(known_as(customer, 24 * 41, email="ann@example.com"))) == said


@pytest.mark.parametrize(("words", "says"), [("[e-mail]", "(did you mean `email`?)"), ("[]", "identities is empty")])
def test_an_identity_that_there_is_not_is_refused(words: str, says: str) -> None:
    with pytest.raises(PolicyError, match=r"policy\.yaml:\d+: ") as error:
        compile_policy(changed("policy.yaml", ALL_OF_THEM, words))
    assert says in str(error.value)
