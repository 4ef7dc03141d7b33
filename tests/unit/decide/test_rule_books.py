"""The rule books on the default policy: what a CX lead reads in the tables is what is decided."""

from decimal import Decimal

import pytest

from app.clock import DAY, HOUR, Instant, from_iso
from app.decide import (
    EscalationInputs,
    ExtentInputs,
    HoldInputs,
    NoticeInputs,
    NoticePlan,
    SeverityInputs,
    StakeInputs,
    escalation_of,
    extent_of,
    notices_of,
    pace_of,
    scope_of,
    season_of,
    severity_of,
    stake_of,
)
from app.facts import Profile
from app.outputs import Scope
from tests.support.policies import default_policy

POLICY = default_policy()
NOW = from_iso("2023-07-12T12:00Z")


def extent(hours: int = 0, share: str = "0", effort: int = 0, repeats: int = 0) -> str:
    return extent_of(POLICY, ExtentInputs("late_delivery", hours, Decimal(share), effort, repeats)).answer


@pytest.mark.parametrize(
    ("hours", "share", "effort", "repeats", "word"),
    [
        (23, "1", 0, 0, "slight"),
        (24, "0", 0, 0, "moderate"),
        (71, "1", 0, 0, "moderate"),
        (72, "0.49", 0, 0, "moderate"),
        (72, "0.5", 0, 0, "severe"),
        (0, "0", 1, 0, "moderate"),
        (0, "0", 2, 0, "moderate"),
        (0, "0", 3, 0, "severe"),
        (0, "0", 0, 1, "moderate"),
    ],
)
def test_the_extent_grows_with_lateness_share_effort_and_repeats(
    hours: int, share: str, effort: int, repeats: int, word: str
) -> None:
    assert extent(hours, share, effort, repeats) == word


def severity(problem: str, extent: str = "slight", **more: bool | int) -> int:
    said = {"first_time": False, "needed_by_at_risk": False, "reopened": 0, **more}
    return severity_of(POLICY, SeverityInputs(problem, extent, **said)).answer  # type: ignore[arg-type]


def test_a_suppliers_late_hand_over_is_minor_whatever_happens() -> None:
    assert severity("late_handover", "severe", needed_by_at_risk=True, reopened=3) == 1


def test_a_gift_that_will_not_arrive_is_critical() -> None:
    assert severity("understocked") == 3
    assert severity("understocked", needed_by_at_risk=True) == 4
    assert severity("contact", needed_by_at_risk=True) == 1


def test_a_first_time_customer_is_treated_as_about_to_be_lost() -> None:
    assert severity("late_delivery", "moderate") == 2
    assert severity("late_delivery", "moderate", first_time=True) == 3
    assert severity("late_delivery", "severe", first_time=True) == 4


def test_effort_and_reopening_raise_the_severity() -> None:
    assert severity("stalled") == 2
    assert severity("stalled", "severe") == 3
    assert severity("stalled", reopened=1) == 3


@pytest.mark.parametrize(("priority", "worth"), [(1, 3), (2, 2), (3, 1), (4, 1)])
def test_a_contact_is_as_severe_as_its_desk_says(priority: int, worth: int) -> None:
    assert severity("contact", priority=priority) == worth


def stake(**profile: object) -> str:
    return stake_of(POLICY, StakeInputs(Profile(**profile), NOW)).answer.band  # type: ignore[arg-type]


def test_an_unknown_profile_is_a_row_of_its_own_and_never_zero() -> None:
    ruled = stake_of(POLICY, StakeInputs(None, NOW))
    assert ruled.answer.band == "unknown"
    assert ruled.answer.amount is None
    assert ruled.rules[0].row == "unknown"
    assert stake(lifetime_value=Decimal(900)) == "unknown"
    assert stake(churn_risk=Decimal("0.9")) == "unknown"
    assert stake(lifetime_value=Decimal(0), churn_risk=Decimal(0)) == "low"


@pytest.mark.parametrize(
    ("value", "churn", "advocacy", "band"),
    [
        ("499.9", "0.1", None, "low"),
        ("500", "0.1", None, "medium"),
        ("400", "0.1", "0.25", "medium"),
        ("1999", "0.1", None, "medium"),
        ("2000", "0.1", None, "high"),
        ("1000", "0.1", "1", "high"),
    ],
)
def test_the_stake_is_value_times_churn_weighed_by_advocacy(
    value: str, churn: str, advocacy: str | None, band: str
) -> None:
    weight = None if advocacy is None else Decimal(advocacy)
    assert stake(lifetime_value=Decimal(value), churn_risk=Decimal(churn), advocacy=weight) == band


def test_tenure_counts_from_the_day_of_ten_years() -> None:
    assert stake(customer_since=from_iso("2013-07-13T00:00Z")) == "unknown"
    assert stake(customer_since=from_iso("2013-07-12T23:00Z")) == "high"
    assert stake(customer_since=Instant(NOW + DAY)) == "unknown"


def scope(problem: str, severity: int) -> Scope | None:
    return scope_of(POLICY, HoldInputs(problem, severity)).answer


def test_a_severe_problem_holds_everything_on_every_channel() -> None:
    assert scope("stalled", 3) == scope("stalled", 4) == Scope(("*",), ("*",))


def test_a_serious_problem_holds_selling_but_not_replenishment() -> None:
    held = scope("stalled", 2)
    assert held is not None
    assert "promotion" in held.classes
    assert "replenishment" not in held.classes


def test_a_minor_problem_and_a_suppliers_lateness_hold_nothing() -> None:
    assert scope("contact", 1) is None
    assert scope("late_handover", 4) is None


def told(problem: str, occasion: str, severity: int = 2) -> tuple[NoticePlan, ...]:
    return notices_of(POLICY, NoticeInputs(problem, occasion, severity)).answer


def test_a_stall_is_told_to_customer_shop_and_carrier() -> None:
    plans = told("stalled", "opened")
    assert [plan.recipient for plan in plans] == ["customer", "retailer", "carrier"]
    assert not any(plan.overrides_quiet_hours for plan in plans)


def test_only_a_critical_problem_overrides_quiet_hours() -> None:
    assert not any(plan.overrides_quiet_hours for plan in told("late_delivery", "opened", 3))
    assert all(plan.overrides_quiet_hours for plan in told("late_delivery", "opened", 4))


def test_a_carrier_is_not_told_of_what_is_not_its_fault() -> None:
    assert [plan.recipient for plan in told("understocked", "opened")] == ["customer", "retailer"]


def test_a_suppliers_lateness_is_told_to_the_merchant_alone() -> None:
    assert [plan.recipient for plan in told("late_handover", "opened")] == ["merchant"]
    assert told("late_handover", "resolved") == told("late_handover", "progress") == ()


def test_a_case_is_its_own_conversation() -> None:
    assert told("complaint", "opened") == told("contact", "resolved") == ()


def test_a_correction_goes_to_whoever_could_have_been_told() -> None:
    opened = {plan.recipient for plan in told("late_delivery", "opened")}
    assert {plan.recipient for plan in told("late_delivery", "withdrawn")} == opened


def test_progress_is_told_at_a_widening_pace_and_more_often_when_severe() -> None:
    serious, severe = pace_of(POLICY, "stalled", 2).answer, pace_of(POLICY, "stalled", 3).answer
    assert (serious.first, serious.widening, serious.most) == (24 * HOUR, Decimal(2), 3)
    assert (severe.first, severe.widening, severe.most) == (12 * HOUR, Decimal("1.5"), 5)


def test_no_progress_is_told_where_the_case_is_the_conversation() -> None:
    assert pace_of(POLICY, "complaint", 3).answer.most == 0


def escalation(reason: str, severity: int = 2) -> tuple[str, int | None] | None:
    plan = escalation_of(POLICY, EscalationInputs(reason, "late_delivery", severity)).answer
    return None if plan is None else (plan.owner, plan.act_within)


@pytest.mark.parametrize(
    ("reason", "severity", "plan"),
    [
        ("severe", 3, None),
        ("severe", 4, ("service_recovery_lead", HOUR)),
        ("notices_exhausted", 2, ("service_recovery_lead", 4 * HOUR)),
        ("reopened", 3, ("service_recovery_lead", 4 * HOUR)),
        ("remedy_failed", 1, ("desk_lead", 24 * HOUR)),
        ("hold_age", 2, ("cx_lead", 72 * HOUR)),
    ],
)
def test_each_reason_has_one_owner_with_a_time_to_act(
    reason: str, severity: int, plan: tuple[str, int | None] | None
) -> None:
    assert escalation(reason, severity) == plan


def test_nobody_is_above_the_last_level() -> None:
    assert escalation("owner_silent", 4) == ("head_of_customer_experience", None)


@pytest.mark.parametrize(
    ("at", "brand", "season"),
    [
        ("2023-11-14T23:59-05:00", "deals", "ordinary"),
        ("2023-11-15T00:00-05:00", "deals", "holidays"),
        ("2023-12-24T23:59-05:00", "deals", "holidays"),
        ("2023-12-25T00:00-05:00", "deals", "ordinary"),
        ("2023-12-25T00:00-05:00", None, "ordinary"),
        ("2023-12-25T00:00Z", "deals", "holidays"),
        ("2023-12-25T00:00Z", "audio", "ordinary"),
    ],
)
def test_the_season_is_read_where_the_brand_is(at: str, brand: str | None, season: str) -> None:
    assert season_of(POLICY, from_iso(at), brand) == season


def test_roles_may_do_what_the_policy_lists_and_nothing_else() -> None:
    assert POLICY.may("cx_lead", "write_off")
    assert not POLICY.may("agent", "write_off")
    assert not POLICY.may("cx_lead", "erase_everything")


def test_a_problem_type_of_an_earlier_policy_is_treated_as_any_other_failure() -> None:
    assert POLICY.problems["gone_with_the_last_policy"] == POLICY.problems["other_failure"]
    assert "gone_with_the_last_policy" not in POLICY.problems


def test_every_promise_and_failure_has_a_problem_type() -> None:
    order = POLICY.kinds["order"]
    assert order.problem_of_promise("delivered") == "late_delivery"
    assert order.problem_of_promise("gift wrap chosen") == "broken_promise"
    assert order.problem_of_failure("understocked") == "understocked"
    assert order.problem_of_failure("eaten by a dog") == "other_failure"
