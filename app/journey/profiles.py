"""Who the customer is: the newest snapshot counts."""

from msgspec.structs import replace

from app.facts import Fact, ProfileStated
from app.journey import grading
from app.journey.turn import Turn


def profile_stated(turn: Turn, fact: Fact, what: ProfileStated) -> None:
    """Take the newest profile; who the customer is bears on how bad things are."""
    state = turn.state
    if state.profile_at is not None and state.profile_at > fact.occurred_at:
        return
    before = state.profile
    turn.state = replace(state, profile=what.profile, profile_at=fact.occurred_at)
    if before != what.profile:
        turn.identities_changed = before is None or before.identities != what.profile.identities
        if before is not None and turn.identities_changed and before.identities not in state.former:
            turn.state = replace(turn.state, former=(*state.former, before.identities))
        grading.grade_all(turn)
