"""New dates for what was promised: told by the notice table; to the customer outside quiet hours, the newest alone."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec.structs import replace

from app.clock import Instant, to_iso
from app.decide.book import NoticeInputs, NoticePlan
from app.decide.deadlines import quiet_end
from app.decide.notice import notices_of
from app.ids import JourneyId
from app.journey import wording
from app.journey.brands import brand_of
from app.journey.broken import promised_at
from app.journey.trouble import PendingNotice
from app.journey.turn import Revised, Turn
from app.journey.wording import CUSTOMER
from app.outputs import Notice

OCCASION: Final = "promise_revised"
_LEAST: Final = 1
"""The severity asked with for a new date that is no problem (yet)."""


class NewDate(NamedTuple):
    """A new date that the customer is to be told now."""

    turn: Turn
    revised: Revised
    template: str

    @property
    def about(self) -> str:
        """Return what tells it from other new dates."""
        place = self.revised.place
        return f"{place.journey or ''}/{place.consignment or ''}/{place.case or ''}/{self.revised.milestone}"


def for_customer(turn: Turn) -> Iterator[NewDate]:
    """Tell everybody but the customer; yield what the customer is to be told now, and let wait what comes at night."""
    for revised in turn.revised:
        for plan in _plans(turn, revised):
            date = NewDate(turn, revised, plan.template)
            if plan.recipient != CUSTOMER:
                if not revised.woken:
                    tell(date, plan.recipient)
                continue
            until = None if plan.overrides_quiet_hours else quiet_until(turn, revised.place.journey)
            if until is None:
                yield date
            else:
                _defer(date, until)


def quiet_until(turn: Turn, journey: JourneyId | None, at: Instant | None = None) -> Instant | None:
    """Return when the customer's quiet hours end that hold at an instant (now); None when none do."""
    zone = None if turn.state.profile is None else turn.state.profile.time_zone
    brand = brand_of(turn.policy, turn.state, journey).name
    return quiet_end(turn.policy, turn.now if at is None else at, zone, brand)


def _plans(turn: Turn, revised: Revised) -> tuple[NoticePlan, ...]:
    expected = promised_at(turn.state, revised.place, revised.milestone)
    if expected is None or not expected.problem:
        return ()
    return turn.ruled(notices_of(turn.policy, NoticeInputs(expected.problem, OCCASION, _LEAST)))


def _defer(date: NewDate, until: Instant) -> None:
    turn, revised, place = date.turn, date.revised, date.revised.place
    cause = f"{place.journey or place.case or ''}/{place.consignment or ''}/promise/{revised.milestone}"
    waits = PendingNotice(
        due=until,
        cause=cause,
        problem=None,
        occasion=OCCASION,
        template=date.template,
        since=turn.now,
        place=place,
        milestone=revised.milestone,
        promised=revised.due,
    )
    # only the newest date is worth waking up for
    others = tuple(known for known in turn.state.pending if known.cause != cause)
    turn.state = replace(turn.state, pending=(*others, waits))
    turn.note(f"notice {date.template} to the customer waits until {to_iso(until)}: quiet hours")


def wake(turn: Turn, known: PendingNotice) -> None:
    """Let a new date that waited for the end of quiet hours be told with what else there is, if it still stands."""
    assert known.place is not None
    assert known.promised is not None
    standing = promised_at(turn.state, known.place, known.milestone)
    if standing is None or not standing.running or standing.due != known.promised:
        turn.note(f"notice {known.template} is not said: its reason has gone")
        return
    turn.revised.append(Revised(known.place, known.milestone, known.promised, woken=True))


def content(date: NewDate, recipient: str) -> tuple[dict[str, str], str]:
    """Return the fields and the text of a notice about a new date."""
    turn, revised, place = date.turn, date.revised, date.revised.place
    items = wording.lines_at(turn.policy, turn.state, place)
    fields = wording.place_fields(turn.policy, turn.state, place, items) | {
        "milestone": revised.milestone,
        "promised": to_iso(revised.due),
    }
    day = wording.day_before(revised.due, wording.zone_for(turn.policy, turn.state, place))
    return fields, wording.text_of(recipient, OCCASION, fields, turn.state.customer, day)


def tell(date: NewDate, recipient: str) -> None:
    """Tell a new date by itself."""
    turn, place = date.turn, date.revised.place
    fields, text = content(date, recipient)
    turn.said.append(
        Notice(
            id=turn.id_for(f"notice/{OCCASION}", recipient, date.about, 1),
            at=turn.now,
            customer=turn.state.customer,
            recipient=recipient,
            template=date.template,
            problem=None,
            journey=place.journey,
            case=place.case,
            fields=fields,
            text=text,
        )
    )
    turn.note(f"notice {date.template} to {recipient}")
