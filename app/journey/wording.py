"""What notices say: the facts that a template needs, and a plain default text in English made from them."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from app.clock import Instant, to_datetime, to_iso
from app.decide.policy import Policy
from app.decide.wall import zone_known, zone_of
from app.facts import Line, Party
from app.journey import extent, reached
from app.journey.brands import brand_of
from app.journey.course import Journey, Place
from app.journey.state import CustomerState
from app.journey.trouble import Problem
from app.outputs import Gesture

CUSTOMER: Final = "customer"


def problem_fields(policy: Policy, state: CustomerState, problem: Problem, due: Instant | None) -> dict[str, str]:
    """Return what a notice about a problem needs, in the order's own words; what is unknown is left out."""
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    items = () if journey is None else _missing(policy, journey, problem)
    fields = place_fields(policy, state, Place(problem.journey, problem.consignment, problem.case), items)
    fields |= {
        "problem": policy.problems[problem.type].words,
        "fault": problem.fault.value,
        "since": to_iso(problem.opened_at),
    }
    fields |= _offered(state, problem)
    return fields if due is None else fields | {"promised": to_iso(due)}


def _offered(state: CustomerState, problem: Problem) -> dict[str, str]:
    """Return which coupon a problem is about, which terms of its offer the customer was shown, and what it lacks."""
    coupon = next((one for one in state.coupons.values() if problem.id in one.problems), None)
    held = None if coupon is None or coupon.offer is None else state.offers.get(coupon.offer)
    fields = {} if coupon is None else {"coupon": coupon.coupon}
    if held is None:
        return fields
    fields["offer"] = held.offer
    if held.shown_at is not None:
        fields |= {"version": str(held.version), "shown_at": to_iso(held.shown_at)}
    return fields | ({"gap": ", ".join(held.told.gap)} if held.told is not None and held.told.gap else {})


def place_fields(policy: Policy, state: CustomerState, place: Place, items: Sequence[Line]) -> dict[str, str]:
    """Return whom and what a notice is about."""
    fields = {"brand": brand_of(policy, state, place.journey).display_name}
    if place.case is not None:
        fields["case"] = _own_id(place.case)
    journey = None if place.journey is None else state.journeys.get(place.journey)
    if journey is None:
        return fields
    fields["order"] = _own_id(journey.id)
    if items:
        fields["items"] = named(items)
    if journey.needed_by is not None:
        fields["needed_by"] = to_iso(journey.needed_by)
    return fields | _shipped(journey, place)


def _shipped(journey: Journey, place: Place) -> dict[str, str]:
    consignment = journey.consignments.get(place.consignment) if place.consignment else None
    if consignment is None:
        return {}
    carrier = {} if consignment.carrier is None else {"carrier": consignment.carrier}
    return {"consignment": consignment.id, **carrier}


def lines_at(policy: Policy, state: CustomerState, place: Place) -> tuple[Line, ...]:
    """Return the lines of a place: its consignment's, or those of the journey that have not come yet."""
    journey = None if place.journey is None else state.journeys.get(place.journey)
    if journey is None:
        return ()
    consignment = journey.consignments.get(place.consignment) if place.consignment else None
    if consignment is None:
        return _not_come(policy, journey)
    return tuple(line for line in journey.lines if line.line_id in consignment.line_ids)


def _missing(policy: Policy, journey: Journey, problem: Problem) -> tuple[Line, ...]:
    """Return the lines a problem is about and that are not made good; of a whole journey, those that have not come yet.

    What the goods' coming does not solve (they came broken) is about those that came as well.
    """
    missing = extent.missing_lines(policy, journey, problem)
    completes = reached.rules_of(policy, journey).completes_on
    stated = problem.line_ids or problem.consignment is not None
    if stated or (_of_goods(policy, problem) and not {*completes} & {*policy.problems[problem.type].resolved_by}):
        return missing
    not_come = _not_come(policy, journey)
    return tuple(line for line in missing if line in not_come)


def _of_goods(policy: Policy, problem: Problem) -> bool:
    """Say whether a problem is one that new goods make good."""
    return "replaced" in policy.problems[problem.type].resolved_by


def _not_come(policy: Policy, journey: Journey) -> tuple[Line, ...]:
    rules = reached.rules_of(policy, journey)
    come = {
        line
        for consignment in journey.consignments.values()
        if reached.completed_at(rules, reached.of_consignment(journey, consignment)) is not None
        for line in consignment.line_ids
    }
    over = (*rules.completes_on, *rules.ends_on)
    return tuple(
        line
        for line in journey.lines
        if line.line_id not in come and not any(word in journey.line_steps.get(line.line_id, {}) for word in over)
    )


def named(lines: Sequence[Line]) -> str:
    """Name lines as one would in a sentence: `Sonos Beam and wall bracket`."""
    names = [line.name if line.quantity == 1 else f"{line.quantity} x {line.name}" for line in lines]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _own_id(name: str) -> str:
    return name.partition(":")[2] or name


def zone_for(policy: Policy, state: CustomerState, place: Place) -> ZoneInfo:
    """Return the customer's time zone, or the brand's when theirs is unknown."""
    own = None if state.profile is None else state.profile.time_zone
    return zone_of(own if own is not None and zone_known(own) else brand_of(policy, state, place.journey).time_zone)


def day_before(due: Instant, zone: ZoneInfo) -> str:
    """Name the last day before a deadline: what is due by midnight was promised for the day that ends then."""
    day = to_datetime(Instant(due - 1), zone)
    return f"{day.day} {day:%B %Y}"


def moment(at: Instant, zone: ZoneInfo) -> str:
    """Name a day and time as a customer reads them."""
    local = to_datetime(at, zone)
    return f"{local.day} {local:%B %Y, %H:%M}"


class Tone(NamedTuple):
    """How a customer is spoken to: status or explanation, whether sorry, when they hear again, what is being done."""

    say: str
    sorry: bool
    next_time: str
    doing: str = ""


MANY: Final = "Many customers have the same problem; one team works on it for all of them."

PLAIN: Final = Tone("status", sorry=False, next_time="")
"""How everybody else is spoken to."""

EXPLANATION: Final = "explanation"
_REASONS: Final = {
    Party.MERCHANT: "the mistake is ours",
    Party.SUPPLIER: "our supplier has let us down",
    Party.PARTNER_LOCATION: "our partner could not do what we promised you",
    Party.CARRIER: "the carrier did not do what we promised you",
    Party.CUSTOMER: "we need something from you",
    Party.NOBODY: "nobody could prevent it",
    Party.UNKNOWN: "we do not know yet why",
}


def for_customer(policy: Policy, fields: dict[str, str], next_at: Instant | None) -> dict[str, str]:
    """Return the fields for a customer: when they hear next, and what they are told, a status or the reason why."""
    kept = {**fields, "says": policy.notices.say}
    if next_at is not None:
        kept["next_at"] = to_iso(next_at)
    if policy.notices.say == EXPLANATION:
        kept["reason"] = _REASONS[Party(fields["fault"])]
    return kept


_ABOUT: Final = "About "
_EXPLAINED: Final = {
    "opened": "About {about}: {problem}; {reason}.",
    "progress": "About {about}: {problem}; {reason}. How are things with you? Just answer this message.",
}
_TO_CUSTOMER: Final = {
    "opened": "About {about}: {problem}. We are on it and keep you posted.",
    "progress": "We are still on it: {about}, {problem}. How are things with you? Just answer this message.",
    "resolved": "Good news: what went wrong with {about} is solved.",
    "recovered": "We hope that all is well now with {about}. Thank you for your patience.",
    "withdrawn": "We told you about {about}: {problem}. We were wrong: it was in time.",
    "promise_revised": "There is a new date for {about}: {day}.",
}
_TO_OTHERS: Final = {
    "opened": "{about}: {problem} (customer {customer}). Please act; the customer waits.",
    "progress": "Still open: {about}, {problem} (customer {customer}). What is the state?",
    "resolved": "Solved: {about} (customer {customer}).",
    "recovered": "Recovered: {about} (customer {customer}).",
    "withdrawn": "Withdrawn: {about} was in time after all (customer {customer}).",
    "promise_revised": "New date for {about}: {day} (customer {customer}).",
}


def text_of(recipient: str, occasion: str, fields: dict[str, str], customer: str, day: str, tone: Tone = PLAIN) -> str:
    """Return a plain text; a messaging system with templates of its own uses the fields instead."""
    words = _TO_CUSTOMER if recipient == CUSTOMER else _TO_OTHERS
    if tone.say == EXPLANATION and recipient == CUSTOMER:
        words = {**words, **_EXPLAINED}
    text = words[occasion].format(
        about=_about(fields),
        problem=fields.get("problem", ""),
        reason=fields.get("reason", ""),
        customer=customer,
        day=day,
    )
    promised = f" It was promised for {day}." if occasion in {"opened", "progress"} and day else ""
    again = f" We write again by {tone.next_time}." if tone.next_time else ""
    return f"{_apologising(text) if tone.sorry else text}{promised}{doing(tone.doing)}{again}"


def doing(gestures_in_words: str) -> str:
    """Return the sentence that says what is given, with the space before it; nothing for nothing."""
    return f" What we do for you: {gestures_in_words}." if gestures_in_words else ""


def gestures(given: Sequence[Gesture]) -> str:
    """Return gestures as a customer reads them: `refund of 60.00 USD to your original payment, free ride`."""
    return ", ".join(dict.fromkeys(_gesture(each) for each in given))


def _gesture(gesture: Gesture) -> str:
    amount = "" if gesture.amount is None else f" of {gesture.amount.amount:f} {gesture.amount.currency}"
    back = " to your original payment" if gesture.terms.get("to") == "original_payment" else ""
    terms = [] if back else [f"{name} {said}" for name, said in gesture.terms.items()]
    return f"{gesture.kind.replace('_', ' ')}{amount}{back}{_in_brackets(terms)}"


def _in_brackets(terms: Sequence[str]) -> str:
    return f" ({', '.join(terms)})" if terms else ""


def _apologising(text: str) -> str:
    """Return a text that says sorry: about what it is about, or before it."""
    return f"We are sorry about {text.removeprefix(_ABOUT)}" if text.startswith(_ABOUT) else f"We are sorry. {text}"


def _about(fields: dict[str, str]) -> str:
    order = f" from order {fields['order']}" if "order" in fields else ""
    if "items" in fields:
        return f"{fields['items']}{order}"
    return (
        f"case {fields['case']}" if "case" in fields and not order else (order.removeprefix(" from ") or "your matter")
    )
