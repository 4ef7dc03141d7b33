"""A customer's timeline in plain words: what happened, what was decided, by which rules, and what was said. Pure.

Each decision is told from its own record alone; the outputs it led to are added where they are still to be had.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from app.clock import Instant, to_iso
from app.facts import Money
from app.ids import CustomerId
from app.outputs import (
    ALL,
    Briefing,
    Decision,
    Escalation,
    Gesture,
    HoldEntry,
    Notice,
    Output,
    Remedy,
    RowFired,
    Said,
    Scope,
    Suppression,
)


class Step(NamedTuple):
    """One decision and what it led to; or, without a decision on record, one thing that was said."""

    decision: Decision | None
    said: Sequence[Said]

    @property
    def at(self) -> Instant:
        """Return when it was decided or said."""
        return self.said[0].at if self.decision is None else self.decision.at


class Explanation(NamedTuple):
    """All that is on record of a customer, in the order of time; `held` is the hold ledger as it stands."""

    customer: CustomerId
    steps: Sequence[Step]
    held: Suppression | None


class Entry(NamedTuple):
    """One step as text: a title, and lines of a label each (`rule`, `hold`, ...)."""

    at: Instant
    title: str
    lines: Sequence[tuple[str, str]]


def explanation(customer: CustomerId, outputs: Iterable[Output]) -> Explanation | None:
    """Return what is on record of a customer among the outputs, None when nothing is."""
    decisions: dict[str, Decision] = {}
    said: dict[str, Said] = {}
    for output in outputs:
        if isinstance(output, Decision) and output.customer == customer:
            decisions[output.id] = output
        elif isinstance(output, Said) and output.customer == customer:
            said[output.id] = output
    if not decisions and not said:
        return None
    ledgers = [one for one in said.values() if isinstance(one, Suppression)]
    steps = [*_decided(decisions.values(), said), *_only_said(decisions.values(), said)]
    return Explanation(
        customer,
        sorted(steps, key=_order),
        max(ledgers, key=lambda ledger: ledger.at, default=None),
    )


def entries(told: Explanation) -> Iterator[Entry]:
    """Yield the timeline, a step at a time."""
    for step in told.steps:
        said = [line for one in step.said for line in _said_lines(one)]
        if step.decision is None:
            yield Entry(step.at, "said", said)
        else:
            record = ("policy", f"{step.decision.policy}, decision {step.decision.id}")
            yield Entry(step.at, _title(step.decision), (*_why(step.decision, step.said), *said, record))


def standing(told: Explanation) -> str:
    """Say in a sentence whether marketing may write to the customer."""
    if told.held is None or not told.held.holds:
        ramp = told.held.ramp if told.held is not None else ()
        steps = "; ".join(f"{', '.join(step.classes)} from {to_iso(step.from_)}" for step in ramp)
        return f"marketing is not held{f', it comes back in steps: {steps}' if steps else ''}"
    return "marketing is held: " + "; ".join(_hold(hold) for hold in told.held.holds)


def _order(step: Step) -> tuple[Instant, int, Instant, tuple[str, int, int]]:
    """Order steps of one instant as they were worked: deadlines, then facts by their place, then the unexplained."""
    if step.decision is None:
        return (step.at, 2, step.at, ("", 0, 0))
    cause = step.decision.cause
    if cause.source is None:
        return (step.at, 0, cause.occurred_at, ("", 0, 0))
    return (step.at, 1, cause.occurred_at, (cause.source.topic, cause.source.partition, cause.source.offset))


def _decided(decisions: Iterable[Decision], said: Mapping[str, Said]) -> Iterator[Step]:
    for decision in decisions:
        yield Step(decision, [said[name] for name in decision.outputs if name in said])


def _only_said(decisions: Iterable[Decision], said: Mapping[str, Said]) -> Iterator[Step]:
    explained = {name for decision in decisions for name in decision.outputs}
    return (Step(None, [one]) for name, one in said.items() if name not in explained)


def _title(decision: Decision) -> str:
    kind = "event" if decision.cause.kind == "fact" else decision.cause.kind
    about = " ".join(name for name in (decision.journey, decision.case) if name is not None)
    return f"{kind}: {decision.cause.what.replace('_', ' ')}{f' ({about})' if about else ''}"


def _why(decision: Decision, said: Sequence[Said]) -> Iterator[tuple[str, str]]:
    cause = decision.cause
    place = f" at {cause.source.topic}/{cause.source.partition}@{cause.source.offset}" if cause.source else ""
    happened = "fell due" if cause.source is None else "happened"
    yield ("cause", f"{cause.id}{place}, {happened} {to_iso(cause.occurred_at)}")
    for change in decision.changes:
        yield ("changed", change)
    for row in decision.rules:
        yield ("rule", _rule(row))
    there = {one.id for one in said}
    if gone := [name for name in decision.outputs if name not in there]:
        yield ("said", f"{', '.join(gone)} (a dead letter, of a former id, or expired since)")


def _rule(row: RowFired) -> str:
    inputs = ", ".join(f"{name} = {value}" for name, value in sorted(row.inputs.items()))
    return f"{row.table}: {row.row}{f' because {inputs}' if inputs else ''}"


def _said_lines(one: Said) -> Iterator[tuple[str, str]]:
    if isinstance(one, Suppression):
        yield from _ledger_lines(one)
    elif isinstance(one, Remedy):
        yield from _remedy_lines(one)
    elif isinstance(one, Notice):
        nth = f", number {one.ordinal}" if one.ordinal > 1 else ""
        yield ("notice", f"to {one.recipient} ({one.template}{nth}): {one.text} [{one.id}]")
    elif isinstance(one, Escalation):
        by = f", to act by {to_iso(one.act_by)}" if one.act_by is not None else ""
        yield ("escalation", f"to {one.owner} with authority {one.authority}{by}: {one.reason} [{one.id}]")
    elif isinstance(one, Briefing):
        yield ("briefing", f"{one.summary} [{one.id}]")


def _ledger_lines(ledger: Suppression) -> Iterator[tuple[str, str]]:
    for hold in ledger.holds:
        yield ("hold", f"{_hold(hold)} [{ledger.id}]")
    if not ledger.holds:
        yield ("release", f"no hold is left [{ledger.id}]")
    for step in ledger.ramp:
        pace = f", at most {step.per_week} a week" if step.per_week is not None else ""
        yield ("ramp", f"{', '.join(step.classes)} from {to_iso(step.from_)}{pace}")


def _remedy_lines(remedy: Remedy) -> Iterator[tuple[str, str]]:
    yield ("remedy", f"{remedy.occasion} for {remedy.cause}, problem {remedy.problem} [{remedy.id}]")
    yield ("apology", remedy.apology)
    for gesture in remedy.gestures:
        yield ("gesture", _gesture(gesture))
    for step in remedy.receipt.arithmetic:
        inputs = ", ".join(f"{name} = {value}" for name, value in sorted(step.inputs.items()))
        yield ("receipt", f"{step.what} = {step.formula} = {step.result}{f' with {inputs}' if inputs else ''}")


def _gesture(gesture: Gesture) -> str:
    amount = f" of {_money(gesture.amount)}" if gesture.amount is not None else ""
    terms = "".join(f", {name} {value}" for name, value in sorted(gesture.terms.items()))
    return f"{gesture.kind}{amount}{terms}; costs {_money(gesture.cost)} ({gesture.cost_centre})"


def _hold(hold: HoldEntry) -> str:
    about = "".join(f" of {name}" for name in (hold.journey, hold.case) if name is not None)
    owner = f"{hold.reason}{about}, owned by {hold.owner}"
    return f"{_scope(hold.scope)} because of {owner}, since {to_iso(hold.since)} until {hold.until_what}"


def _scope(scope: Scope) -> str:
    classes = "all marketing" if ALL in scope.classes else ", ".join(scope.classes)
    return classes if ALL in scope.channels else f"{classes} by {', '.join(scope.channels)}"


def _money(money: Money) -> str:
    return f"{money.amount:f} {money.currency}"
