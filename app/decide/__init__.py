"""Decide: the rule books of the policy.

`load_folder` and `compile_policy` make a `Policy`; each rule book is a pure function of a policy and its inputs that
returns an answer and the rows that fired (`Ruled`). Times are instants, amounts decimals.
"""

from app.decide.book import (
    EscalationInputs,
    EscalationPlan,
    ExtentInputs,
    HoldInputs,
    NoticeInputs,
    NoticePlan,
    RemedyInputs,
    RemedyPlan,
    Ruled,
    SeverityInputs,
    Stake,
    StakeInputs,
    ThankYouInputs,
    ThankYouPlan,
)
from app.decide.deadlines import business_after, due_after, quiet_end
from app.decide.escalation import escalation_of
from app.decide.extent import extent_of
from app.decide.folder import load_folder, version_of
from app.decide.follow_up import thank_you_of
from app.decide.loading import compile_policy, policy_in
from app.decide.notice import notices_of, pace_of
from app.decide.policy import (
    Brand,
    ExpectationRule,
    KindRules,
    Limits,
    Pace,
    Policy,
    ProblemRules,
    RampRule,
)
from app.decide.remedy import remedy_of
from app.decide.seasons import season_of
from app.decide.severity import severity_of
from app.decide.stake import stake_of
from app.decide.suppression import scope_of
from app.decide.within import Within

__all__ = [
    "Brand",
    "EscalationInputs",
    "EscalationPlan",
    "ExpectationRule",
    "ExtentInputs",
    "HoldInputs",
    "KindRules",
    "Limits",
    "NoticeInputs",
    "NoticePlan",
    "Pace",
    "Policy",
    "ProblemRules",
    "RampRule",
    "RemedyInputs",
    "RemedyPlan",
    "Ruled",
    "SeverityInputs",
    "Stake",
    "StakeInputs",
    "ThankYouInputs",
    "ThankYouPlan",
    "Within",
    "business_after",
    "compile_policy",
    "due_after",
    "escalation_of",
    "extent_of",
    "load_folder",
    "notices_of",
    "pace_of",
    "policy_in",
    "quiet_end",
    "remedy_of",
    "scope_of",
    "season_of",
    "severity_of",
    "stake_of",
    "thank_you_of",
    "version_of",
]
