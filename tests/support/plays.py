"""Play random timelines through the whole pipeline, in stretches of any size, and look at what they end in."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from app.clock import Instant
from app.decide.folder import load_folder
from app.journey.rows import case_rows, journey_rows
from app.journey.state import CustomerState
from app.journey.stored import decode_state
from app.settings import ROOT
from tests.support.pipeline import Heard, Step, event_at, run
from tests.support.timelines import CUSTOMER, Moment
from tests.support.verdict import Emitted


class Played(NamedTuple):
    """What came out after each step, and the customer's state after each."""

    heard: Sequence[Heard]

    def outputs(self) -> list[Emitted]:
        """Return everything that came out, in order."""
        return [output for heard in self.heard for output in heard.outputs()]

    @property
    def end(self) -> CustomerState:
        """Return the state at the end."""
        return state_after(self.heard[-1])


@cache
def default_policy() -> dict[str, bytes]:
    """Return the files of the default policy."""
    return load_folder(ROOT / "policies" / "default")


def one_by_one(moments: Iterable[Moment], end: int) -> list[Step]:
    """Return a step for each event, and one for the clock's move to the end."""
    ordered = sorted(moments, key=lambda moment: (moment.known_at, moment.place))
    return [*(together((moment,), moment.known_at) for moment in ordered), together((), end)]


def together(moments: Sequence[Moment], until: int) -> Step:
    """Return a step of events that arrive in this order before one tick."""
    events = [event_at("timeline", each.place, each.place, each.known_at, each.event) for each in moments]
    return Step(events, Instant(until), jumbled=True)


@cache
def settling_policy() -> dict[str, bytes]:
    """Return the default policy, but a remedy is settled when it is issued: these timelines report no outcomes."""
    files = default_policy()
    settling = files["policy.yaml"].replace(b"remedy_settles_on_issue: false", b"remedy_settles_on_issue: true")
    assert settling != files["policy.yaml"], "the default policy waits for outcomes"
    return files | {"policy.yaml": settling}


def play(steps: Sequence[Step], policy: Mapping[str, bytes] | None = None) -> Played:
    """Play steps through all stages, under the default policy unless another is given."""
    heard: list[Heard] = []
    run(steps, default_policy() if policy is None else policy, heard.append)
    return Played(heard)


def state_after(heard: Heard) -> CustomerState:
    """Return the customer's state after a step."""
    value = heard.states.get(CUSTOMER.encode())
    return CustomerState(CUSTOMER) if value is None else decode_state(value)


def rows_at(state: CustomerState) -> list[dict[str, Any]]:
    """Return the state as plain rows."""
    return [*journey_rows(state), *case_rows(state)]
