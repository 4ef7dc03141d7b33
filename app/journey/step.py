"""The step: (state, fact) → (state, outputs), and (state, deadline) → (state, outputs). Pure.

Which function takes which fact stands in `TAKES`, which one which deadline in `FIRES`.
"""

from collections.abc import Callable
from typing import Any, Final, final

from msgspec import Struct
from msgspec.structs import replace

from app.clock import Instant, Millis
from app.decide.policy import Policy
from app.facts import (
    AccountTold,
    AssetTold,
    BudgetAnswered,
    CaseAssigned,
    CaseClosed,
    CaseOpened,
    CasePriorityChanged,
    CaseReopened,
    CaseResolved,
    CaseWaiting,
    CodeUsed,
    ConsignmentsSplit,
    ContactAttempted,
    CouponIssued,
    CustomerAbsorbed,
    CustomerErased,
    CustomerMerged,
    EvidenceAttached,
    Fact,
    FailureStated,
    HoldAudioPlayed,
    IncidentTold,
    JourneyBegan,
    JourneyCancelled,
    LinesChanged,
    MessageReceived,
    MessageSent,
    MilestoneReached,
    OfferShown,
    OfferTold,
    OperatorDecided,
    ProfileStated,
    PromiseMade,
    RemedyReported,
    SatisfactionAnswered,
    Scanned,
    Subject,
)
from app.ids import FactId, JourneyId, ProblemId, RemedyId
from app.journey import (
    accounts,
    asking,
    beginnings,
    budgets,
    cases,
    chasing,
    closing,
    comeback,
    contacts,
    deadlines,
    erasing,
    escalations,
    exposure,
    failures,
    forgetting,
    grading,
    history,
    hold_audio,
    incidents,
    ledger,
    merging,
    milestones,
    notices,
    offers,
    operators,
    outcomes,
    problems,
    profiles,
    progress,
    promises,
    refusals,
    remedies,
    review,
    scans,
    seen,
    thanks,
    waiting,
)
from app.journey.broken import expectations_at
from app.journey.deadlines import Deadline, Kind
from app.journey.standing import standing_of
from app.journey.state import CustomerState
from app.journey.steps import is_waiting
from app.journey.turn import Forget, Handed, Held, Spoken, Told, Turn
from app.outputs import Cause, DeadLetterReason, Decision


@final
class Stepped:
    """What a step comes to."""

    def __init__(self, state: CustomerState, spoken: tuple[Spoken, ...]) -> None:
        self.state = state
        self.spoken = spoken


TAKES: Final[dict[type[Struct], Callable[[Turn, Fact, Any], None]]] = {
    JourneyBegan: beginnings.journey_began,
    LinesChanged: beginnings.lines_changed,
    ConsignmentsSplit: beginnings.consignments_split,
    JourneyCancelled: beginnings.journey_cancelled,
    PromiseMade: promises.promise_made,
    MilestoneReached: milestones.milestone_reached,
    Scanned: scans.scanned,
    FailureStated: failures.failure_stated,
    CaseOpened: cases.case_opened,
    CaseAssigned: cases.case_assigned,
    CasePriorityChanged: cases.priority_changed,
    CaseWaiting: cases.case_waiting,
    CaseResolved: cases.case_resolved,
    CaseClosed: cases.case_closed,
    CaseReopened: cases.case_reopened,
    EvidenceAttached: cases.evidence_attached,
    SatisfactionAnswered: cases.satisfaction_answered,
    MessageReceived: contacts.message_received,
    MessageSent: contacts.message_sent,
    ContactAttempted: contacts.contact_attempted,
    HoldAudioPlayed: hold_audio.hold_audio_played,
    ProfileStated: profiles.profile_stated,
    CustomerMerged: merging.customer_merged,
    CustomerAbsorbed: merging.customer_absorbed,
    CustomerErased: erasing.customer_erased,
    RemedyReported: outcomes.reported,
    OperatorDecided: operators.operator_decided,
    OfferShown: offers.offer_shown,
    CouponIssued: offers.coupon_issued,
    CodeUsed: offers.code_used,
    OfferTold: offers.offer_told,
    BudgetAnswered: budgets.answered,
    AssetTold: hold_audio.asset_told,
    AccountTold: accounts.account_told,
    IncidentTold: incidents.told,
}

_WORDS: Final[dict[type[Struct], str]] = {what: str(what.__struct_config__.tag) for what in TAKES}


def step(policy: Policy, state: CustomerState, fact: Fact) -> Stepped:
    """Take a fact in. A repeat changes nothing."""
    if (handed := merging.forwarded(state, fact)) is not None:
        return Stepped(erasing.left_behind(state, fact), () if erasing.ends_here(state, fact) else (handed,))
    window, digest = policy.limits.seen_window, seen.digest_of(fact.id)
    if seen.is_repeat(state.seen, digest, fact.known_at, window):
        return Stepped(state, ())
    taken = seen.with_fact(state.seen, digest, fact.known_at, window)
    held = Held(replace(state, seen=taken, last_now=max(fact.known_at, state.last_now)))
    turn = _turn(policy, held, fact)
    asking.answered(turn, fact)
    waited = waiting.waiting_of(turn, fact.subject.journey) if type(fact.what) is JourneyBegan else ()
    spoken = _taken(turn, fact)
    if turn.refused_at is not None:
        return _refused(state, fact, Stepped(held.state, tuple(spoken)), window)
    if waited and not held.state.journeys[_journey(fact)].provisional:
        for earlier in waited:
            spoken.extend(_taken(_turn(policy, held, earlier), earlier))
    return Stepped(held.state, tuple(spoken))


def _refused(before: CustomerState, fact: Fact, stepped: Stepped, window: Millis) -> Stepped:
    """Remember a refused fact by the place of its record, not by its id: redriven, it is no repeat."""
    digest = seen.digest_of(FactId(f"{fact.id}|{fact.source.topic}/{fact.source.partition}@{fact.source.offset}"))
    if seen.is_repeat(before.seen, digest, fact.known_at, window):
        return Stepped(before, ())
    known = seen.with_fact(before.seen, digest, fact.known_at, window)
    return Stepped(replace(stepped.state, seen=known), stepped.spoken)


def _turn(policy: Policy, held: Held, fact: Fact) -> Turn:
    cause = Cause("fact", _WORDS[type(fact.what)], fact.id, fact.source, fact.occurred_at)
    return Turn(policy, held, max(fact.known_at, held.state.last_now), cause, fact.subject)


def _taken(turn: Turn, fact: Fact) -> list[Spoken]:
    _take(turn, fact)
    _settle(turn)
    ledger.say([turn])
    notices.say([turn])
    return _spoken(turn, turn.state)


def _take(turn: Turn, fact: Fact) -> None:
    name = fact.subject.journey
    if type(fact.what) is JourneyBegan:
        _begin(turn, fact, fact.what)
    elif not waiting.is_about_journey(fact):
        TAKES[type(fact.what)](turn, fact, fact.what)
    elif name is None:
        detail = "it names no journey, and none could be found for it"
        refusals.turn_away(turn, fact, DeadLetterReason.UNRESOLVED, detail, "journey_id")
    elif name in turn.state.receipts:
        turn.note(f"{name} is long over: this changes nothing")
    elif name not in turn.state.journeys or turn.state.journeys[name].provisional:
        waiting.wait(turn, fact)
    else:
        TAKES[type(fact.what)](turn, fact, fact.what)


def _begin(turn: Turn, fact: Fact, what: JourneyBegan) -> None:
    name = _journey(fact)
    if what.kind not in turn.policy.kinds:
        detail = "the policy knows no such kind of journey: add it to kinds.yaml, activate, then redrive this one"
        refusals.turn_away(turn, fact, DeadLetterReason.UNKNOWN_KIND, detail, "kind")
    elif name in turn.state.receipts:
        turn.note(f"{name} has begun already and is long over: this changes nothing")
    elif name in turn.state.journeys and not turn.state.journeys[name].provisional:
        turn.note(f"{name} has begun already: only how it ships and what it is promised is taken")
        beginnings.take_plans(turn, fact, what)
    else:
        beginnings.journey_began(turn, fact, what)


def _journey(fact: Fact) -> JourneyId:
    assert fact.subject.journey is not None, "a beginning names its journey"
    return fact.subject.journey


def fire(policy: Policy, state: CustomerState, due: Instant) -> Stepped:
    """Fire everything that has run out by `due`, and what that lets run out at the same instant, in total order.

    `now` is `due`, or the newest thing we decided when that is later (something was learnt after its time).
    """
    held = Held(state)
    now = max(due, state.last_now)
    turns: list[Turn] = []
    fired: set[str] = set()
    while (deadline := deadlines.first(policy, held.state)) is not None and deadline.due <= now:
        assert deadline.id not in fired, f"deadline {deadline.id} does not go away when it fires"
        fired.add(deadline.id)
        cause = Cause("deadline", deadline.kind.name.lower(), deadline.id, None, deadline.due)
        place = deadline.place
        turn = Turn(policy, held, now, cause, Subject(None, place.journey, place.consignment, place.case))
        FIRES[deadline.kind](turn, deadline)
        _settle(turn)
        turns.append(turn)
    ledger.say(turns)
    notices.say(turns)
    ends = [*(turn.before for turn in turns[1:]), held.state]
    spoken = tuple(said for turn, after in zip(turns, ends, strict=False) for said in _spoken(turn, after))
    return Stepped(held.state, spoken)


def _settle(turn: Turn) -> None:
    """Do what follows from a cause once all of it is known: the remedy of each trouble touched, then the holds."""
    offers.review(turn)
    if turn.changes:
        chasing.review(turn)
    grading.review_first_time(turn)
    incidents.review(turn)
    for cause in sorted(turn.causes):
        remedies.consider(turn, cause)
    accounts.review(turn)
    ledger.settle(turn)
    comeback.review(turn)
    exposure.review(turn)


def _spoken(turn: Turn, after: CustomerState) -> list[Spoken]:
    """Return what a turn says, with the decision that explains it; nothing when nothing changed.

    `after` is the state that the turn has left: of several turns of an instant each accounts for its own part.
    """
    outputs = tuple([said.id for said in turn.said if not isinstance(said, (Forget, Told, Handed))])
    if not turn.changes and not outputs:
        return list(turn.said)
    decision = Decision(
        id=turn.id_for("decision"),
        at=turn.now,
        customer=turn.state.customer,
        journey=turn.journey,
        case=turn.case,
        cause=turn.cause,
        policy=turn.policy.version,
        rules=tuple(turn.rules),
        changes=tuple(turn.changes),
        outputs=outputs,
        standing=standing_of(turn.policy, turn.before, after),
    )
    history.remember(turn, after, decision.id)
    return [*turn.said, decision]


def _breach(turn: Turn, deadline: Deadline) -> None:
    waits = (each for each in expectations_at(turn.state, deadline.place) if is_waiting(each))
    expectation = next(
        each
        for each in waits
        if each.first_due == deadline.due and deadlines.name_of(deadline.case, each) == deadline.what
    )
    review.breach(turn, deadline.place, expectation)


def _about(deadline: Deadline) -> str:
    return deadline.what.partition("/")[2]


def _hold_age(turn: Turn, deadline: Deadline) -> None:
    owner = _about(deadline)
    ledger.age(turn, next(hold for hold in turn.state.holds if hold.owner == owner and hold.until is None))


def _owner_silent(turn: Turn, deadline: Deadline) -> None:
    name = _about(deadline)
    escalations.silent(turn, next(known for known in turn.state.awaited if known.escalation == name))


def _lapse(turn: Turn, deadline: Deadline) -> None:
    cause = _about(deadline)
    thanks.lapse(turn, next(known for known in turn.state.follow_ups if known.cause == cause))


def _forget_release(turn: Turn, _: Deadline) -> None:
    turn.state = replace(turn.state, released_at=None, ramp=())
    turn.said += [Forget(name) for name in (turn.state.customer, *turn.state.merged_from)]


def _forget_seen(turn: Turn, _: Deadline) -> None:
    turn.state = replace(turn.state, seen=b"")


FIRES: Final[dict[Kind, Callable[[Turn, Deadline], None]]] = {
    Kind.EXPECTATION: _breach,
    Kind.PROGRESS: lambda turn, deadline: progress.tell(turn, ProblemId(_about(deadline))),
    Kind.PENDING: lambda turn, deadline: notices.wake(turn, _about(deadline)),
    Kind.RECOVERY: lambda turn, deadline: problems.recover(turn, ProblemId(_about(deadline))),
    Kind.HOLD_AGE: _hold_age,
    Kind.REMEDY: lambda turn, deadline: remedies.overdue(turn, RemedyId(_about(deadline))),
    Kind.OWNER: _owner_silent,
    Kind.TOMBSTONE: _forget_release,
    Kind.FOLLOW_UP: _lapse,
    Kind.RETENTION: lambda turn, deadline: closing.shrink(turn, JourneyId(deadline.journey)),
    Kind.SEEN: _forget_seen,
    Kind.COUPON: lambda turn, deadline: offers.expire(turn, _about(deadline)),
    Kind.FORGOTTEN: lambda turn, deadline: forgetting.forget(turn, _about(deadline)),
    Kind.LOST: lambda turn, _: comeback.lose(turn),
    Kind.NEVER_BEGAN: lambda turn, deadline: closing.give_up(turn, JourneyId(deadline.journey)),
}
