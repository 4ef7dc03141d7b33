"""Outputs in plain words, a line each: for people who watch. Ids of customers and orders only, nothing personal."""

from app.facts import Money
from app.outputs import ALL, DeadLetter, Escalation, Gesture, HoldEntry, Notice, Output, Remedy, Suppression


def in_words(output: Output) -> str | None:
    """Return one line about what was said; None for what only explains (decisions, briefings)."""
    if isinstance(output, Suppression):
        return _ledger(output)
    if isinstance(output, Remedy):
        gave = ", ".join(_gesture(gesture) for gesture in output.gestures) or "an apology in words"
        why = "thank-you with the next purchase" if output.occasion == "thank_you" else f"to make good {output.cause}"
        return f"REMEDY    {output.customer}: {gave} ({why})"
    if isinstance(output, Notice):
        return f"NOTICE    {output.customer}: tell {output.recipient.replace('_', ' ')}: {output.text}"
    if isinstance(output, Escalation):
        return f"ESCALATE  {output.customer}: {output.owner} takes over, {output.reason.replace('_', ' ')}"
    if isinstance(output, DeadLetter):
        return f"REFUSED   {output.topic}/{output.partition}@{output.offset}: {output.reason}, {output.detail}"
    return None


def _ledger(ledger: Suppression) -> str:
    if ledger.suppressed:
        return f"HOLD      {ledger.customer}: {'; '.join(_hold(hold) for hold in ledger.holds)}"
    steps = "; then ".join(", ".join(step.classes) for step in ledger.ramp)
    return f"RELEASE   {ledger.customer}: recovered; marketing may resume{f', first {steps}' if steps else ''}"


def _hold(hold: HoldEntry) -> str:
    what = "all marketing" if ALL in hold.scope.classes else ", ".join(hold.scope.classes)
    about = hold.journey or hold.case
    return f"no {what} because of {hold.reason.replace('_', ' ')}{f' of {about}' if about else ''}"


def _gesture(gesture: Gesture) -> str:
    amount = f" of {_money(gesture.amount)}" if gesture.amount is not None else ""
    terms = "".join(f", {name} {value}" for name, value in sorted(gesture.terms.items()))
    return f"{gesture.kind.replace('_', ' ')}{amount}{terms}"


def _money(money: Money) -> str:
    return f"{money.amount:f} {money.currency}"
