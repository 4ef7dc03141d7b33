"""Play random timelines through the whole pipeline, in stretches of any size, and look at what they end in."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from app.clock import Instant
from app.decide.folder import load_folder
from app.journey.rows import case_rows, journey_rows
from app.journey.state import CustomerState, decode_state
from app.replay.wire import InputRecord
from app.settings import ROOT
from app.stage import OutRecord
from tests.support.pipeline import Core, Front, decoded, encoded
from tests.support.timelines import CUSTOMER, Moment
from tests.support.verdict import Emitted


class Stretch(NamedTuple):
    """Events in the order they arrive, and the tick that follows them."""

    moments: Sequence[Moment]
    until: Instant


class Played(NamedTuple):
    """What came out after each stretch, and the customer's state after each."""

    records: list[list[OutRecord]]
    states: list[CustomerState]

    def outputs(self) -> list[Emitted]:
        """Return everything that came out, read back, in order."""
        return [decoded(record) for records in self.records for record in records]

    @property
    def end(self) -> CustomerState:
        """Return the state at the end."""
        return self.states[-1]


@cache
def default_policy() -> dict[str, bytes]:
    """Return the files of the default policy."""
    return load_folder(ROOT / "policies" / "default")


def one_by_one(moments: Iterable[Moment], end: int) -> list[Stretch]:
    """Return a stretch for each event, and one for the clock's move to the end."""
    ordered = sorted(moments, key=lambda moment: (moment.known_at, moment.place))
    return [*(Stretch((moment,), moment.known_at) for moment in ordered), Stretch((), Instant(end))]


def play(stretches: Iterable[Stretch]) -> Played:
    """Play stretches through intake, directory and journey under the default policy."""
    front, core = Front(), Core(default_policy())
    played = Played([], [])
    for moments, until in stretches:
        found = [record for moment in moments for record in _records(moment)]
        played.records.append(core.work(front.admit(found, until), until))
        played.states.append(_state(core))
    return played


def _records(moment: Moment) -> list[InputRecord]:
    return encoded("timeline", moment.place, moment.place, moment.known_at, moment.event)


def _state(core: Core) -> CustomerState:
    value = core.journeys.states().get(CUSTOMER.encode())
    return CustomerState(CUSTOMER) if value is None else decode_state(value)


def rows_at(state: CustomerState) -> list[dict[str, Any]]:
    """Return the state as plain rows."""
    return [*journey_rows(state), *case_rows(state)]
