"""A customer's timeline as it is told."""

from app.explain import Explanation, entries, explanation, standing
from app.ids import CustomerId
from app.outputs import Decision
from tests.support.explained_customer import ANN, DUE, RECOVERED, outputs


def told() -> Explanation:
    found = explanation(ANN, outputs())
    assert found is not None
    return found


def lines() -> list[tuple[str, list[tuple[str, str]]]]:
    return [(entry.title, list(entry.lines)) for entry in entries(told())]


def test_the_timeline_is_in_the_order_of_time_and_the_customers_own() -> None:
    assert [title for title, _ in lines()] == [
        "event: journey began (order:1001)",
        "deadline: delivered promised (order:1001)",
        "event: scanned (order:1001)",
    ]


def test_a_broken_promise_is_told_with_its_cause_its_rule_and_all_that_was_said() -> None:
    _, breach = lines()[1]
    assert breach == [
        ("cause", "order:1001/c1/delivered/1, fell due 2026-07-13T00:00:00.000Z"),
        ("changed", "breach changed something"),
        ("rule", "severity: late by days because days_late = 0, value = 200.00"),
        (
            "hold",
            (
                "promotion, survey because of late_delivery of order:1001, owned by problem-late, "
                "since 2026-07-13T00:00:00.000Z until recovery [ledger-1]"
            ),
        ),
        ("notice", "to customer (late): It will be late. [sorry] [notice-1]"),
        (
            "escalation",
            "to duty_manager with authority refund, to act by 2026-07-20T12:30:00.000Z: no scan [escalation-1]",
        ),
        ("policy", "0123456789abcdef, decision breach"),
    ]


def test_a_remedy_is_told_with_its_receipt_to_the_penny_and_the_release_with_its_ramp() -> None:
    _, recovery = lines()[2]
    assert recovery[0] == (
        "cause",
        "tracking-scans/parcel_scanned:of=1Z at tracking-scans/1@7, happened 2026-07-20T12:30:00.000Z",
    )
    assert recovery[-7:-1] == [
        ("release", "no hold is left [ledger-2]"),
        ("ramp", "promotion from 2026-07-20T12:30:00.000Z, at most 2 a week"),
        ("remedy", "recovery for late, problem problem-late [remedy-1]"),
        ("apology", "We are sorry."),
        ("gesture", "store_credit of 20.00 EUR; costs 18.50 EUR (marketing)"),
        ("receipt", "credit = value x share = 20.00 with share = 0.10, value = 200.00"),
    ]


def test_a_decision_is_explained_from_its_own_record_when_nothing_else_is_left() -> None:
    decisions = [output for output in outputs() if isinstance(output, Decision)]
    found = explanation(ANN, decisions)
    assert found is not None
    _, breach, _ = entries(found)
    assert ("rule", "severity: late by days because days_late = 0, value = 200.00") in breach.lines
    said = "ledger-1, notice-1, escalation-1 (a dead letter, of a former id, or expired since)"
    assert ("said", said) in breach.lines
    assert ("policy", "0123456789abcdef, decision breach") in breach.lines


def test_what_was_said_is_told_even_when_its_decision_is_gone() -> None:
    found = explanation(ANN, [output for output in outputs() if not isinstance(output, Decision)])
    assert found is not None
    assert next((entry.at, entry.title) for entry in entries(found)) == (DUE, "said")
    assert len(found.steps) == 5


def test_an_output_that_is_no_longer_on_record_is_named_by_its_id() -> None:
    _, recovery = lines()[2]
    assert ("said", "forgotten (a dead letter, of a former id, or expired since)") in recovery


def test_the_standing_is_that_of_the_newest_ledger() -> None:
    assert standing(told()) == (
        "marketing is not held, it comes back in steps: promotion from 2026-07-20T12:30:00.000Z"
    )
    before = explanation(ANN, [output for output in outputs() if output.at < RECOVERED])
    assert before is not None
    assert standing(before).startswith("marketing is held: promotion, survey because of late_delivery")


def test_identities_are_not_told() -> None:
    assert "ann@x.org" not in str(lines())


def test_of_a_customer_without_anything_on_record_nothing_is_told() -> None:
    assert explanation(CustomerId("an"), outputs()) is None


def test_steps_of_one_instant_stand_as_they_were_worked_deadlines_first() -> None:
    found = explanation(ANN, reversed(outputs()))
    assert found == told()
