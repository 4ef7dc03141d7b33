"""Whose fault a carrier's code makes what a scan states."""

import pytest
from msgspec.structs import replace

from app.facts import Party, ScanStatus
from tests.support.journeys import C1, Customer, fact, order, scan

LOST = scan(ScanStatus.FAILURE, "A", "lost")


@pytest.mark.parametrize(
    ("said", "blamed"),
    [(Party.UNKNOWN, Party.CARRIER), (Party.MERCHANT, Party.MERCHANT), (Party.CUSTOMER, Party.CUSTOMER)],
)
def test_the_code_says_whose_fault_it_is_and_the_policy_when_it_does_not(said: Party, blamed: Party) -> None:
    ann = Customer().learns(fact(order(), 0), fact(replace(LOST, fault=said), 5, consignment=C1))
    (problem,) = [each for each in ann.state.problems.values() if each.type == "lost"]
    assert problem.fault is blamed
