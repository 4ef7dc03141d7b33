"""The time a coupon has left: it stands still while a case about it is open.

One that ends with its offer has had its time since the customer was shown the offer, not since we came to issue it.

It is worked out from the cases' lives alone, so that facts learnt late come to the same; of a case that is no longer
kept, its times are.
"""

from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import replace

from app.clock import Instant
from app.ids import CaseId
from app.journey.course import Case
from app.journey.desk import ENDS
from app.journey.held import HeldCoupon
from app.journey.state import CustomerState


def expiries(state: CustomerState) -> Iterator[tuple[Instant, HeldCoupon]]:
    """Yield when coupons expire whose time runs."""
    for coupon in state.coupons.values():
        if coupon.used_at is None and coupon.expired_at is None:
            ends = expiry_of(state, coupon)
            if ends is not None:
                yield ends, coupon


def ends_with(state: CustomerState, coupon: HeldCoupon) -> Instant | None:
    """Return the end a coupon was issued with: its own, else that of its offer's coupons; None: it never ends."""
    held = None if coupon.offer is None else state.offers.get(coupon.offer)
    terms = None if held is None or held.told is None else held.told.coupon
    return coupon.expires_at if coupon.expires_at is not None or terms is None else terms.valid_until


def expiry_of(state: CustomerState, coupon: HeldCoupon) -> Instant | None:
    """Return when a coupon expires: its time runs only while no case about it is open. None while one is, or never."""
    end = ends_with(state, coupon)
    if end is None:
        return None
    runs_from = int(_since(state, coupon))
    left = max(0, end - runs_from)
    for opened, closed in sorted(_pauses(state, coupon), key=lambda pause: (pause[0], pause[1] or pause[0])):
        if opened - runs_from >= left:
            break
        left -= max(0, opened - runs_from)
        if closed is None:
            return None
        runs_from = max(runs_from, closed)
    return Instant(runs_from + left)


def _since(state: CustomerState, coupon: HeldCoupon) -> Instant:
    """Return since when a coupon's time has run."""
    held = None if coupon.offer is None or coupon.expires_at is not None else state.offers.get(coupon.offer)
    return min(coupon.issued_at, coupon.issued_at if held is None or held.shown_at is None else held.shown_at)


def stood_still_before(state: CustomerState, coupon: HeldCoupon) -> bool:
    """Say whether a coupon's time stood still before it was issued, and runs by then."""
    since = _since(state, coupon)
    pauses = [until for opened, until in _pauses(state, coupon) if opened < coupon.issued_at]
    return bool(pauses) and all(until is not None and since < until <= coupon.issued_at for until in pauses)


def with_pauses(state: CustomerState, gone: Collection[CaseId]) -> dict[str, HeldCoupon]:
    """Return the coupons, each with the times for which it stood still because of cases that are to go."""
    cases = [state.cases[name] for name in sorted(gone) if name in state.cases]
    return {name: replace(coupon, stood_still=_still(state, coupon, cases)) for name, coupon in state.coupons.items()}


def _still(state: CustomerState, coupon: HeldCoupon, cases: Iterable[Case]) -> tuple[tuple[Instant, Instant], ...]:
    pauses = {(since, until) for since, until in _pauses_by(state, coupon, cases) if until is not None}
    return tuple(sorted({*coupon.stood_still, *pauses}))


def _pauses(state: CustomerState, coupon: HeldCoupon) -> Iterator[tuple[Instant, Instant | None]]:
    yield from coupon.stood_still
    yield from _pauses_by(state, coupon, state.cases.values())


def _pauses_by(
    state: CustomerState, coupon: HeldCoupon, cases: Iterable[Case]
) -> Iterator[tuple[Instant, Instant | None]]:
    """Yield when cases about a coupon were open: about its own journey, or a purchase at which it was refused."""
    refused = (state.problems[name].journey for name in coupon.problems if name in state.problems)
    about = {None, coupon.journey, *refused}
    for case in cases:
        if case.opened_at is not None and case.journey in about:
            yield from _open_times(case, case.opened_at)


def _open_times(case: Case, opened: Instant) -> Iterator[tuple[Instant, Instant | None]]:
    """Yield from when to when a case was open; a message after its end opens it again."""
    since: Instant | None = opened
    for turn in case.turns:
        if turn.word in ENDS and since is not None:
            yield since, max(turn.at, since)
            since = None
        elif turn.word not in ENDS and since is None:
            since = turn.at
    if since is not None:
        yield since, None
