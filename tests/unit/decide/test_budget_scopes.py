"""A budget pays for brands, for cost centres or for a campaign's offers; the narrowest one that fits pays."""

import pytest

from app.decide import Policy, compile_policy
from app.errors import PolicyError
from tests.support.policies import default_files

OFFER = "spring: {offers: [SPRING], currency: USD, period: year, amount: 900.00, refused: approval}"
CENTRE = "all: {cost_centres: [marketing], currency: USD, period: month, amount: 50000.00, refused: apology}"


def with_budgets(*lines: str) -> Policy:
    text = default_files()["policy.yaml"].decode()
    more = "".join(f"  {line}\n" for line in lines)
    return compile_policy(default_files() | {"policy.yaml": text.replace("budgets:\n", f"budgets:\n{more}").encode()})


def paying(policy: Policy, brand: str, offer: str | None = None) -> str | None:
    budget = policy.budget_of(policy.brands[brand], offer)
    return None if budget is None else budget.name


def test_the_narrowest_budget_pays() -> None:
    policy = with_budgets(OFFER, CENTRE)
    assert paying(policy, "deals", "SPRING") == "spring"
    assert paying(policy, "deals", "AUTUMN") == "deals"
    assert paying(policy, "cars") == "all"


def test_a_budget_pays_in_its_own_currency_alone() -> None:
    assert paying(with_budgets(CENTRE), "audio") is None


def test_a_brand_that_no_budget_names_draws_on_none() -> None:
    assert paying(with_budgets(OFFER), "cars") is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (OFFER.replace("offers: [SPRING]", "offers: [SPRING], brands: [cars]"), "name one of the three"),
        (OFFER.replace("offers: [SPRING], ", ""), "name one of the three"),
        (
            CENTRE.replace("[marketing]", "[markting]"),
            "there is no cost centre `markting` (did you mean `marketing`?); there are marketing",
        ),
        (OFFER.replace("offers: [SPRING]", "brands: [deals]"), "budgets deals and spring both pay for deals"),
        (OFFER.replace("offers: [SPRING]", "brands: [dales]"), "there is no brand `dales`"),
    ],
)
def test_a_budget_that_pays_for_nothing_or_beside_another_is_refused(line: str, says: str) -> None:
    with pytest.raises(PolicyError, match=r"policy\.yaml:\d+: ") as error:
        with_budgets(line)
    assert says in str(error.value)
