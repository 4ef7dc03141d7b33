"""Stake: the win-back at risk. What is unknown is a row of its own, never zero."""

from decimal import Decimal
from typing import Final

from app.clock import Instant, to_datetime
from app.decide.book import Ruled, Stake, StakeInputs
from app.decide.policy import Policy
from app.decide.tables import with_raw
from app.facts import Profile

UNKNOWN: Final = "unknown"


def stake_of(policy: Policy, inputs: StakeInputs) -> Ruled[Stake]:
    """Return the stake that table `stake` gives for the win-back's band and the tenure's."""
    profile = inputs.profile or Profile()
    amount = _win_back(profile)
    years = _tenure(profile, inputs.now)
    tenure = UNKNOWN if years is None else policy.bands["tenure"].word(years)
    answers, fired = policy.tables.row(
        "stake",
        win_back=UNKNOWN if amount is None else policy.bands["win_back"].word(amount),
        tenure=tenure,
    )
    raw = with_raw(
        fired,
        lifetime_value=profile.lifetime_value,
        churn_risk=profile.churn_risk,
        advocacy=profile.advocacy,
        win_back_amount=amount,
        years=years,
    )
    return Ruled(Stake(str(answers["stake"]), amount, tenure), (raw,))


def _win_back(profile: Profile) -> Decimal | None:
    """Return lifetime value x churn risk x (1 + advocacy); without advocacy known, it is not weighed by it."""
    if profile.lifetime_value is None or profile.churn_risk is None:
        return None
    return profile.lifetime_value * profile.churn_risk * (1 + (profile.advocacy or 0))


def _tenure(profile: Profile, now: Instant) -> int | None:
    """Return the whole years since the customer's first purchase."""
    if profile.customer_since is None:
        return None
    since, today = to_datetime(profile.customer_since), to_datetime(now)
    not_yet = (today.month, today.day) < (since.month, since.day)
    return max(today.year - since.year - not_yet, 0)
