"""What callers hear while on hold: the wait, the same audio again and again, and what they own already."""

from typing import Final

from msgspec.structs import replace

from app.facts import AssetAsked, AssetTold, Fact, HoldAudioPlayed, asset_key
from app.ids import CaseId
from app.journey import asking, cases, problems, review
from app.journey.course import Place
from app.journey.held import Call
from app.journey.items import with_item
from app.journey.owned import owned
from app.journey.steps import with_step
from app.journey.turn import Turn

REPEATS: Final = "hold_audio_repeats"
IRRELEVANT: Final = "hold_audio_irrelevant"
_STEPS: Final = {"started": "hold_started", "ended": "hold_ended"}


def hold_audio_played(turn: Turn, fact: Fact, what: HoldAudioPlayed) -> None:
    """Take in that a caller was put on hold, heard something or was taken off it."""
    if fact.subject.case is None:
        turn.note("a caller on hold in no case: taken note of")
        return
    case = cases.known(turn, fact.subject.case, fact.subject.journey)
    if what.state in _STEPS:
        steps = with_step(case.leg.steps, _STEPS[what.state], fact.occurred_at)
        turn.put_case(replace(case, leg=replace(case.leg, steps=steps)))
        turn.note(f"{case.id}: hold {what.state}")
        review.review_case(turn, case.id)
    elif what.asset is not None:
        _played(turn, case.id, what.asset)


def _played(turn: Turn, case: CaseId, asset: str) -> None:
    call = turn.state.calls.get(case, Call())
    times = call.plays.get(asset, 0) + 1
    _put(turn, case, replace(call, plays={**call.plays, asset: times}))
    if times > turn.policy.hold_audio.repeats:
        _open(turn, case, REPEATS)
    if asset in call.known:
        _judge(turn, case, asset)
    else:
        question = f"asset/{turn.state.customer}/{asset}"
        asking.ask(turn, asset_key(asset), AssetAsked(question, asset))


def _put(turn: Turn, case: CaseId, call: Call) -> None:
    turn.state = replace(turn.state, calls=with_item(turn.state.calls, case, call))


def asset_told(turn: Turn, _: Fact, what: AssetTold) -> None:
    """Take in what an audio is, and judge it where it was heard."""
    for case, call in tuple(turn.state.calls.items()):
        if what.asset in call.plays:
            _put(turn, case, replace(call, known={**call.known, what.asset: what.known}))
            _judge(turn, case, what.asset)


def _judge(turn: Turn, case: CaseId, name: str) -> None:
    asset = turn.state.calls[case].known[name]
    if asset is not None and owned(turn.policy, turn.state) & set(asset.products):
        _open(turn, case, IRRELEVANT)


def _open(turn: Turn, case: CaseId, type_: str) -> None:
    """Open a problem of the call, once in a case."""
    known = turn.state.cases.get(case)
    place = Place(None if known is None else known.journey, None, case)
    if problems.problem_id(turn.state, place, type_, case) not in turn.state.problems:
        problems.open_stated(turn, place, type_, case, at=turn.at)
