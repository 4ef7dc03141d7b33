"""Hold what came out of a timeline against what it expects: per entry, nothing missing and nothing else."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.clock import Instant, to_datetime
from app.facts import Money
from app.ids import CustomerId, PolicyVersion
from app.outputs import (
    Briefing,
    DeadLetter,
    Decision,
    Escalation,
    HoldEntry,
    Notice,
    Output,
    Remedy,
    Suppression,
)
from app.replay.timeline import (
    AnyExpected,
    Entry,
    ExpectedBriefing,
    ExpectedDeadLetter,
    ExpectedDecision,
    ExpectedEscalation,
    ExpectedGesture,
    ExpectedHold,
    ExpectedLedger,
    ExpectedNotice,
    ExpectedRamp,
    ExpectedRelease,
    ExpectedRemedy,
    ExpectedTombstone,
    Story,
)


class Tombstone(NamedTuple):
    """A compacted record's removal."""

    customer: CustomerId


Emitted = Output | Tombstone
Facts = dict[str, object]
"""What is compared of an output or an expectation: name and value."""


def verdict(story: Story, got: Sequence[Sequence[Emitted]], policy: PolicyVersion) -> str:
    """Return a readable account of every difference, the empty string when there is none."""
    parts = (verdict_on(story, entry, outputs, policy) for entry, outputs in zip(story.timeline, got, strict=True))
    return "\n\n".join(part for part in parts if part)


def verdict_on(story: Story, entry: Entry, outputs: Sequence[Emitted], policy: PolicyVersion) -> str:
    """Return a readable account of every difference in one entry, the empty string when there is none."""
    zone = ZoneInfo(story.zone)
    lines = [*_differences(story, entry, outputs), *_unexplained(outputs, policy, zone)]
    head = f"{story.name}.yaml:{entry.line}  {local(entry.at, zone)}  {entry.say}"
    return "\n".join([head, *(f"    {line}" for line in lines)]) if lines else ""


def local(instant: Instant, zone: ZoneInfo) -> str:
    """Show an instant as a timeline writes it."""
    moment = to_datetime(instant, zone)
    return moment.isoformat(timespec="milliseconds" if instant % 1000 else "seconds")


def _differences(story: Story, entry: Entry, outputs: Sequence[Emitted]) -> Iterator[str]:
    zone = ZoneInfo(story.zone)
    decided = {identity: item for item in outputs if isinstance(item, Decision) for identity in item.outputs}
    left = [item for item in outputs if not (isinstance(item, Decision) and item.outputs)]
    missing: list[AnyExpected] = []
    for expected in entry.expect:
        match = next((item for item in left if not _unlike(expected, item, decided, zone)), None)
        if match is None:
            missing.append(expected)
        else:
            left.remove(match)
    for expected in missing:
        yield f"- expected (line {expected.line}): {_show(_wanted(expected, zone))}"
        yield from (f"    {line}" for line in _nearest(expected, left, decided, zone))
    for item in (item for item in left if story.all_decisions or not isinstance(item, Decision)):
        yield f"+ got: {_show(_said(item, zone))}"
        yield from _explained(decided.get(getattr(item, "id", "")))


def _explained(decision: Decision | None) -> Iterator[str]:
    if decision is not None:
        yield f"    because {decision.cause.kind} {decision.cause.what}: {'; '.join(decision.changes)}"
        yield f"    by {', '.join(_rows(decision)) or 'no rule'}"


def _nearest(expected: AnyExpected, left: list[Emitted], decided: dict[str, Decision], zone: ZoneInfo) -> Iterator[str]:
    alike = [item for item in left if isinstance(item, _KINDS[type(expected)])]
    ranked = sorted(alike, key=lambda item: len(_unlike(expected, item, decided, zone)))
    if ranked:
        yield "nearest differs in " + "; ".join(_unlike(expected, ranked[0], decided, zone))


def _unexplained(outputs: Sequence[Emitted], policy: PolicyVersion, zone: ZoneInfo) -> Iterator[str]:
    decisions = [item for item in outputs if isinstance(item, Decision)]
    told = [identity for decision in decisions for identity in decision.outputs]
    said = [item for item in outputs if not isinstance(item, Decision | DeadLetter | Tombstone)]
    for item in said:
        if told.count(item.id) != 1:
            yield f"! {told.count(item.id)} decisions instead of one claim {_show(_said(item, zone))}"
    ids = {item.id for item in said}
    for decision in decisions:
        if decision.policy != policy:
            yield f"! decided by policy {decision.policy} instead of {policy}: {_show(_said(decision, zone))}"
        if unknown := [identity for identity in decision.outputs if identity not in ids]:
            yield f"! names outputs that did not come out ({len(unknown)}): {_show(_said(decision, zone))}"
        if decision.outputs and not decision.rules:
            yield f"! no rule is named by {_show(_said(decision, zone))}: {'; '.join(decision.changes)}"


def _unlike(expected: AnyExpected, item: Emitted, decided: dict[str, Decision], zone: ZoneInfo) -> list[str]:
    if not isinstance(item, _KINDS[type(expected)]):
        return ["its kind"]
    wanted, said = _wanted(expected, zone), _said(item, zone)
    if isinstance(item, Tombstone):
        said["at"] = wanted["at"]
    found = [f"{name}: got {said.get(name)!r}" for name, value in wanted.items() if not _same(value, said.get(name))]
    decision = item if isinstance(item, Decision) else decided.get(getattr(item, "id", ""))
    rows = _rows(decision) if decision is not None else ()
    found += [f"rule {rule} did not fire (fired: {', '.join(rows)})" for rule in expected.rules if rule not in rows]
    return found


def _rows(decision: Decision) -> tuple[str, ...]:
    return tuple(f"{rule.table}/{rule.row}" for rule in decision.rules)


def _same(wanted: object, said: object) -> bool:
    """Mappings and pieces of text are asserted in part, everything else whole."""
    if isinstance(wanted, dict) and isinstance(said, dict):
        return all(said.get(key) == value for key, value in wanted.items())
    if isinstance(wanted, _Pieces):
        return isinstance(said, str) and all(piece in said for piece in wanted)
    if isinstance(wanted, tuple) and isinstance(said, tuple):
        return len(wanted) == len(said) and all(_same(one, other) for one, other in zip(wanted, said, strict=True))
    return wanted == said


class _Pieces(tuple[str, ...]):
    """Pieces that a text must have."""

    __slots__ = ()


def _show(facts: Facts) -> str:
    return ", ".join(f"{name} {value!r}" if name != "what" else str(value) for name, value in facts.items())


def _wanted(expected: AnyExpected, zone: ZoneInfo) -> Facts:
    facts: Facts = {"what": _NAMES[_KINDS[type(expected)]], "at": local(expected.at, zone)}
    facts |= {} if expected.customer is None else {"customer": expected.customer}
    return facts | _WANTED[type(expected)](expected, zone)


def _said(item: Emitted, zone: ZoneInfo) -> Facts:
    facts: Facts = {"what": _NAMES[type(item)]}
    if not isinstance(item, DeadLetter):
        facts["customer"] = item.customer
    if not isinstance(item, Tombstone):
        facts["at"] = local(item.at, zone)
    return facts | _SAID[type(item)](item, zone)


def _wanted_ledger(expected: ExpectedLedger, zone: ZoneInfo) -> Facts:
    holds = sorted(expected.holds, key=lambda hold: (hold.since, hold.reason))
    facts: Facts = {"suppressed": True, "holds": tuple(_wanted_hold(hold, zone) for hold in holds), "ramp": ()}
    return facts | ({"hold_audio": expected.hold_audio} if expected.hold_audio else {})


def _wanted_hold(hold: ExpectedHold, zone: ZoneInfo) -> Facts:
    facts: Facts = {"reason": hold.reason, "since": local(hold.since, zone)}
    facts |= {"classes": tuple(sorted(hold.classes)), "channels": tuple(sorted(hold.channels))}
    facts |= {} if hold.journey is None else {"journey": hold.journey}
    facts |= {} if hold.case is None else {"case": hold.case}
    return facts | ({} if hold.until is None else {"until": hold.until})


def _wanted_release(expected: ExpectedRelease, zone: ZoneInfo) -> Facts:
    return {"suppressed": False, "holds": (), "ramp": tuple(_wanted_step(step, zone) for step in expected.ramp)}


def _wanted_step(step: ExpectedRamp, zone: ZoneInfo) -> tuple[str, str, int | None]:
    return (" ".join(sorted(step.classes)), local(step.from_, zone), step.per_week)


def _said_suppression(item: Suppression, zone: ZoneInfo) -> Facts:
    holds = tuple(_said_hold(hold, zone) for hold in sorted(item.holds, key=lambda hold: (hold.since, hold.reason)))
    ramp = tuple((" ".join(sorted(step.classes)), local(step.from_, zone), step.per_week) for step in item.ramp)
    return {"suppressed": item.suppressed, "holds": holds, "ramp": ramp, "hold_audio": item.hold_audio}


def _said_hold(hold: HoldEntry, zone: ZoneInfo) -> Facts:
    return {
        "reason": hold.reason,
        "since": local(hold.since, zone),
        "classes": tuple(sorted(hold.scope.classes)),
        "channels": tuple(sorted(hold.scope.channels)),
        "journey": hold.journey,
        "case": hold.case,
        "until": hold.until_what,
    }


def _wanted_notice(expected: ExpectedNotice, _zone: ZoneInfo) -> Facts:
    return {
        "template": expected.template,
        "to": expected.to,
        "ordinal": expected.ordinal,
        "fields": expected.fields,
        "text": _Pieces(expected.text),
    }


def _said_notice(item: Notice, _zone: ZoneInfo) -> Facts:
    return {
        "template": item.template,
        "to": item.recipient,
        "ordinal": item.ordinal,
        "fields": item.fields,
        "text": item.text,
    }


def _wanted_remedy(expected: ExpectedRemedy, _zone: ZoneInfo) -> Facts:
    facts: Facts = {
        "occasion": expected.occasion,
        "gestures": tuple(_wanted_gesture(gesture) for gesture in expected.gestures),
        "attempt": expected.attempt,
    }
    facts |= {} if expected.apology is None else {"apology": expected.apology}
    return facts | ({} if expected.remedy is None else {"remedy": expected.remedy})


def _wanted_gesture(gesture: ExpectedGesture) -> Facts:
    currency = gesture.currency
    facts: Facts = {
        "kind": gesture.kind,
        "amount": None if gesture.amount is None else f"{gesture.amount} {currency}",
        "cost": f"{gesture.cost} {currency}",
    }
    facts |= {} if gesture.cost_centre is None else {"cost_centre": gesture.cost_centre}
    return facts | dict(gesture.terms)


def _said_remedy(item: Remedy, _zone: ZoneInfo) -> Facts:
    gestures = tuple(
        {
            "kind": gesture.kind,
            "amount": _money(gesture.amount),
            "cost": _money(gesture.cost),
            "cost_centre": gesture.cost_centre,
            **gesture.terms,
        }
        for gesture in item.gestures
    )
    return {
        "occasion": item.occasion,
        "gestures": gestures,
        "apology": item.apology,
        "remedy": item.remedy,
        "attempt": item.attempt,
    }


def _money(money: Money | None) -> str | None:
    return None if money is None else f"{money.amount} {money.currency}"


def _wanted_escalation(expected: ExpectedEscalation, zone: ZoneInfo) -> Facts:
    facts: Facts = {"reason": expected.reason, "owner": expected.owner}
    facts["act_by"] = None if expected.act_by is None else local(expected.act_by, zone)
    facts |= {} if expected.budget is None else {"budget": str(expected.budget)}
    facts |= {} if expected.freeze is None else {"freeze": expected.freeze}
    return facts | ({} if expected.authority is None else {"authority": expected.authority})


def _said_escalation(item: Escalation, zone: ZoneInfo) -> Facts:
    act_by = None if item.act_by is None else local(item.act_by, zone)
    budget = None if item.budget is None else str(item.budget.amount)
    return {
        "reason": item.reason,
        "owner": item.owner,
        "act_by": act_by,
        "authority": item.authority,
        "budget": budget,
        "freeze": item.freeze_hand_offs,
    }


def _wanted_briefing(expected: ExpectedBriefing, _zone: ZoneInfo) -> Facts:
    return {"summary": _Pieces(expected.summary)}


def _said_briefing(item: Briefing, _zone: ZoneInfo) -> Facts:
    return {"summary": item.summary}


def _wanted_decision(expected: ExpectedDecision, _zone: ZoneInfo) -> Facts:
    return {"changes": _Pieces(expected.changes)}


def _said_decision(item: Decision, _zone: ZoneInfo) -> Facts:
    return {"changes": "; ".join(item.changes)}


def _wanted_dead_letter(expected: ExpectedDeadLetter, _zone: ZoneInfo) -> Facts:
    return {"reason": expected.reason, "field": expected.field}


def _said_dead_letter(item: DeadLetter, _zone: ZoneInfo) -> Facts:
    return {"reason": item.reason.value, "field": item.field}


def _nothing_more(_: object, _zone: ZoneInfo) -> Facts:
    return {}


_KINDS: dict[type[AnyExpected], type[Emitted]] = {
    ExpectedLedger: Suppression,
    ExpectedRelease: Suppression,
    ExpectedTombstone: Tombstone,
    ExpectedNotice: Notice,
    ExpectedRemedy: Remedy,
    ExpectedEscalation: Escalation,
    ExpectedBriefing: Briefing,
    ExpectedDecision: Decision,
    ExpectedDeadLetter: DeadLetter,
}
_NAMES: dict[type[Emitted], str] = {
    Suppression: "ledger",
    Tombstone: "ledger forgotten",
    Notice: "notice",
    Remedy: "remedy",
    Escalation: "escalation",
    Briefing: "briefing",
    Decision: "silent decision",
    DeadLetter: "dead letter",
}
_Facet = Callable[..., Facts]
_WANTED: dict[type[AnyExpected], _Facet] = {
    ExpectedLedger: _wanted_ledger,
    ExpectedRelease: _wanted_release,
    ExpectedTombstone: _nothing_more,
    ExpectedNotice: _wanted_notice,
    ExpectedRemedy: _wanted_remedy,
    ExpectedEscalation: _wanted_escalation,
    ExpectedBriefing: _wanted_briefing,
    ExpectedDecision: _wanted_decision,
    ExpectedDeadLetter: _wanted_dead_letter,
}
_SAID: dict[type[Emitted], _Facet] = {
    Suppression: _said_suppression,
    Tombstone: _nothing_more,
    Notice: _said_notice,
    Remedy: _said_remedy,
    Escalation: _said_escalation,
    Briefing: _said_briefing,
    Decision: _said_decision,
    DeadLetter: _said_dead_letter,
}
