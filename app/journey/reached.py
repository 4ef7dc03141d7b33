"""What a consignment, a journey as such, or a case has reached, all sources taken together."""

from collections.abc import Iterable

from app.clock import Instant
from app.decide.policy import KindRules, Policy
from app.ids import LineId
from app.journey.course import MOVEMENT, Case, Consignment, Journey, Steps
from app.journey.desk import pauses_of
from app.journey.expecting import View
from app.journey.outlook import CASE, CASE_KIND, CONSIGNMENT, JOURNEY, NO_RULES, outlook_of


def merged(first: Steps, second: Steps) -> Steps:
    """Return the times of both, ascending."""
    if not first or not second:
        return first or second
    both = first.copy()
    for word, times in second.items():
        known = both.get(word)
        both[word] = times if known is None else tuple(sorted({*known, *times}))
    return both


def of_consignment(journey: Journey, consignment: Consignment) -> Steps:
    """Return what a consignment has reached: by itself, by its parcels, and with its whole journey."""
    steps = merged(journey.own.steps, consignment.leg.steps)
    ended = parcels_ended(consignment)
    return merged(steps, ended) if ended else steps


def parcels_ended(consignment: Consignment) -> Steps:
    """Return the terminal milestone that the parcels' own scans reached: only once the last parcel reached one."""
    if not consignment.parcels:
        return {}
    for parcel in consignment.parcels:
        if not parcel.ended:
            return {}
    at, word = max([min([(at, word) for word, at in parcel.ended.items()]) for parcel in consignment.parcels])
    again = {time for parcel in consignment.parcels for time in parcel.again.get(word, ()) if time > at}
    return {word: (at, *sorted(again)) if again else (at,)}


def of_journey(journey: Journey) -> Steps:
    """Return what a journey as such has reached: its own words, and those that all of its consignments have."""
    if not journey.consignments:
        return journey.own.steps
    return _shared(journey, journey.consignments.values())


def of_lines(journey: Journey, names: tuple[LineId, ...]) -> Steps:
    """Return what every consignment that holds one of these lines has reached; without lines, the journey's."""
    holding = [of for of in journey.consignments.values() if any(name in of.line_ids for name in names)]
    if not holding:
        return of_journey(journey)
    return _shared(journey, holding)


def _shared(journey: Journey, consignments: Iterable[Consignment]) -> Steps:
    first, *others = [of_consignment(journey, consignment) for consignment in consignments]
    together: Steps = {}
    # never over a set: its order differs from one process to the next, and the words are said in this one
    for word, times in first.items():
        last: Instant | None = times[0]
        for steps in others:
            reached = steps.get(word)
            last = None if reached is None or last is None else max(last, reached[0])
        if last is not None:
            together[word] = (last,)
    together.update(journey.own.steps)
    return together


def completed_at(rules: KindRules, steps: Steps) -> Instant | None:
    """Return when a terminal milestone that ends well was reached."""
    return _first_of(rules.completes_on, steps)


def ended_at(rules: KindRules, steps: Steps) -> Instant | None:
    """Return when any terminal milestone was reached."""
    well, otherwise = _first_of(rules.completes_on, steps), _first_of(rules.ends_on, steps)
    return otherwise if well is None else well if otherwise is None else min(well, otherwise)


def _first_of(words: tuple[str, ...], steps: Steps) -> Instant | None:
    first: Instant | None = None
    for word in words:
        times = steps.get(word)
        if times is not None and (first is None or times[0] < first):
            first = times[0]
    return first


def rules_of(policy: Policy, journey: Journey) -> KindRules:
    """Return the rules of a journey's kind; a journey that began has a kind that its policy knows, or one knew."""
    return policy.kinds.get(journey.kind, NO_RULES)


def country_of(policy: Policy, journey: Journey) -> str:
    """Return the country whose business time counts for a journey: its own, else its brand's."""
    if journey.country is not None:
        return journey.country
    return policy.brand(journey.brand).country


def view_of_consignment(policy: Policy, journey: Journey, consignment: Consignment, steps: Steps) -> View:
    """Return what a consignment's expectations depend on, promises for the whole journey among it.

    `steps` is what it has reached, as `of_consignment` tells.
    """
    outlook = outlook_of(policy, journey.kind, CONSIGNMENT)
    moved = consignment.leg.first_moved
    own = consignment.leg.promises
    whole = tuple([each for each in journey.own.promises if each.milestone in outlook.consignment_words])
    return View(
        policy,
        outlook,
        consignment.id,
        country_of(policy, journey),
        steps if moved is None else {**steps, MOVEMENT: (moved,)},
        (*whole, *own) if whole else own,
    )


def expects_as_such(policy: Policy, journey: Journey) -> bool:
    """Say whether anything may be expected of a journey as such: mostly nothing is, and the look can be spared."""
    outlook = outlook_of(policy, journey.kind, JOURNEY)
    for promise in journey.own.promises:
        if promise.milestone not in outlook.consignment_words:
            return True
    if not outlook.begun_by.isdisjoint(journey.own.steps):
        return True
    for part in journey.consignments.values():
        if not outlook.begun_by.isdisjoint(part.leg.steps):
            return True
        for parcel in part.parcels:
            if not outlook.begun_by.isdisjoint(parcel.ended):
                return True
    return False


def view_of_journey(policy: Policy, journey: Journey) -> View:
    """Return what the expectations of a journey as such depend on."""
    outlook = outlook_of(policy, journey.kind, JOURNEY)
    promises = tuple(each for each in journey.own.promises if each.milestone not in outlook.consignment_words)
    return View(policy, outlook, "", country_of(policy, journey), of_journey(journey), promises)


def view_of_case(policy: Policy, case: Case, country: str | None) -> View:
    """Return what a case's expectations depend on."""
    outlook = outlook_of(policy, CASE_KIND, CASE)
    return View(policy, outlook, "", country, case.leg.steps, case.leg.promises, pauses_of(case))
