"""How one alias changes: pure steps `(state, what happened) -> (state, what comes out)`."""

from collections.abc import Sequence
from typing import Final, final

from msgspec.structs import replace

from app.clock import DAY, Instant, after
from app.directory.bindings import bound, ended, forget_at, owner_at, remembered
from app.directory.limits import MAX_WAITING, MAX_WAITING_BYTES, RECYCLED, TERMINAL, WAIT_LIMIT
from app.directory.state import AliasState, Binding, Waiting
from app.facts import AliasBound, AliasForgotten, AliasKind, Fact, FactWaiting, Scanned, Subject
from app.ids import OutputId, name_based
from app.outputs import DeadLetter, DeadLetterReason


@final
class Step:
    """The alias's new state, facts that found their customer, and records that never will."""

    def __init__(self, state: AliasState, found: Sequence[Fact] = (), refused: Sequence[DeadLetter] = ()) -> None:
        self.state = state
        self.found = found
        self.refused = refused


def waited(state: AliasState, entry: FactWaiting) -> Step:
    """Take in a fact under the alias: it goes on to its customer, or waits for one."""
    on = _passed_on(state, entry)
    return on if on is not None else _kept(state, entry)


def bind(state: AliasState, entry: AliasBound) -> Step:
    """Bind the alias: facts that waited for just that go on, in their own order."""
    if entry.subject.customer is None:
        msg = f"binding of a {entry.alias.kind} alias without a customer, from {entry.source}"
        raise ValueError(msg)
    bindings = bound(state.bindings, entry)
    return Step(state) if bindings is state.bindings else _released(AliasState(bindings, state.waiting))


def forget(state: AliasState, entry: AliasForgotten) -> Step:
    """Drop every binding to a customer who is erased; facts that wait for a customer go on waiting."""
    kept = tuple(binding for binding in state.bindings if binding.subject.customer != entry.customer)
    return Step(state) if len(kept) == len(state.bindings) else Step(AliasState(kept, state.waiting))


def expire(state: AliasState, now: Instant) -> Step:
    """Fire the deadlines at `now`: facts that waited long enough are refused, bindings long ended are forgotten."""
    over = [waiting for waiting in state.waiting if waiting.due <= now]
    kept = tuple(waiting for waiting in state.waiting if waiting.due > now)
    after_all = AliasState(remembered(state.bindings, now), kept)
    return Step(after_all, refused=[_refusal(waiting.entry, waiting.due, _NEVER_BOUND) for waiting in over])


def next_due(state: AliasState) -> Instant | None:
    """Return the alias's earliest deadline: a fact waited long enough, or a binding may be forgotten."""
    earliest = forget_at(state.bindings)
    for waiting in state.waiting:
        if earliest is None or waiting.due < earliest:
            earliest = waiting.due
    return earliest


def _passed_on(state: AliasState, entry: FactWaiting) -> Step | None:
    """Resolve a fact by the binding of its own time; a terminal scan ends that binding (after a grace)."""
    alias, fact = entry.alias, entry.fact
    index = owner_at(state.bindings, fact.occurred_at, recycled=alias.kind in RECYCLED)
    if index is None:
        return None
    binding = state.bindings[index]
    if alias.kind in RECYCLED and isinstance(fact.what, Scanned) and fact.what.status in TERMINAL:
        state = AliasState(ended(state.bindings, index, fact.occurred_at), state.waiting)
    return Step(state, found=[_resolved(fact, binding)])


def _released(state: AliasState) -> Step:
    if not state.waiting:
        return Step(state)
    found: list[Fact] = []
    still: list[Waiting] = []
    for waiting in sorted(state.waiting, key=_own_order):
        step = _passed_on(state, waiting.entry)
        if step is None:
            still.append(waiting)
            continue
        found.extend(step.found)
        state = step.state
    return Step(AliasState(state.bindings, tuple(still)), found)


def _own_order(waiting: Waiting) -> tuple[int, int, int]:
    return waiting.entry.fact.order


def _resolved(fact: Fact, binding: Binding) -> Fact:
    """Fill in the subject; a fact known before its binding is known with it, and keeps its own order in `rank`."""
    subject = _filled(fact.subject, binding.subject)
    if (binding.known_at, binding.sequence) <= (fact.known_at, fact.sequence):
        return replace(fact, subject=subject)
    rank = (1 + fact.sequence) * _RANKS + fact.rank
    return replace(fact, subject=subject, known_at=binding.known_at, sequence=binding.sequence, rank=rank)


_RANKS: Final = 10_000
"""More than the facts of one input record, which intake ranks downwards from 0: so a released fact's rank is positive,
and facts of different records and of the same one keep their order in it."""


def _filled(stated: Subject, owner: Subject) -> Subject:
    """Let stand what the sender stated and add the rest, a consignment only within the same journey."""
    same_journey = stated.journey is None or stated.journey == owner.journey
    return Subject(
        customer=owner.customer,
        journey=stated.journey or owner.journey,
        consignment=stated.consignment or (owner.consignment if same_journey else None),
        case=stated.case or owner.case,
    )


def _kept(state: AliasState, entry: FactWaiting) -> Step:
    if any(waiting.entry.fact.id == entry.fact.id for waiting in state.waiting):
        return Step(state)
    kept = [*state.waiting, Waiting(after(entry.fact.known_at, WAIT_LIMIT), entry)]
    refused = []
    while len(kept) > 1 and (len(kept) > MAX_WAITING or _size(kept) > MAX_WAITING_BYTES):
        refused.append(_refusal(kept.pop(0).entry, entry.fact.known_at, _TOO_MANY))
    return Step(AliasState(state.bindings, tuple(kept)), refused=refused)


def _size(kept: Sequence[Waiting]) -> int:
    return sum(len(waiting.entry.origin.value or b"") for waiting in kept)


_NEVER_BOUND = (
    f"no customer was known by this {{what}} within {WAIT_LIMIT // DAY} days; "
    "send what names its owner (a dispatch, an order, a profile), then redrive"
)
_TOO_MANY = (
    f"more than {MAX_WAITING} facts or {MAX_WAITING_BYTES // 1024} KiB waited under one {{what}}, this was the oldest; "
    "send what names its owner, then redrive"
)
_WORDS = {
    AliasKind.TRACKING: "tracking number",
    AliasKind.ORDER: "order number",
    AliasKind.JOURNEY: "journey id",
    AliasKind.EMAIL: "e-mail address",
    AliasKind.PHONE: "phone number",
    AliasKind.LOYALTY: "loyalty number",
    AliasKind.HELPDESK: "helpdesk id",
    AliasKind.CASE: "case number",
}


def _refusal(entry: FactWaiting, at: Instant, detail: str) -> DeadLetter:
    origin = entry.origin
    return DeadLetter(
        id=OutputId(name_based("dead-letter", origin.topic, str(origin.partition), str(origin.offset), entry.fact.id)),
        at=at,
        reason=DeadLetterReason.UNRESOLVED,
        # never the alias itself: it may be an e-mail address
        detail=detail.format(what=_WORDS[entry.alias.kind]),
        field=None,
        topic=origin.topic,
        partition=origin.partition,
        offset=origin.offset,
        key=origin.key,
        value=origin.value,
        timestamp=origin.timestamp,
    )
