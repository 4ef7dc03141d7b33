"""May this message go to this customer now? Pure: ledgers and freshness in, an answer out.

Transactional and recovery messages are never held. A customer without a ledger is free.
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from app.clock import Instant
from app.decide.policy import HoldAudioRules
from app.decide.words import CHANNELS, MESSAGE_CLASSES
from app.outputs import ALL, HoldEntry, RampStep, Scope, Suppression
from app.web.freshness import Freshness

NEVER_HELD: Final = frozenset({"transactional", "recovery"})
CLASSES: Final = tuple(sorted((MESSAGE_CLASSES - {ALL}) | NEVER_HELD))
"""Every message class the gate is asked about."""
KNOWN_CHANNELS: Final = tuple(sorted(CHANNELS - {ALL}))

Why = Literal["free", "never_held", "hold", "ramp", "stale", "unreadable"]


class WhenStale(NamedTuple):
    """What a gate says that is too far behind: to marketing, and to recovery messages."""

    allow_marketing: bool = False
    allow_recovery: bool = True


class Answer(NamedTuple):
    """Whether it may go, why, the holds that cover it, and the step of the ramp that lets it go."""

    allowed: bool
    why: Why
    holds: tuple[HoldEntry, ...] = ()
    ramp: RampStep | None = None


def may_send(
    ledgers: Iterable[Suppression | None],
    message_class: str,
    channel: str,
    freshness: Freshness,
    when_stale: WhenStale = WhenStale(),  # noqa: B008 - a tuple, never changed
) -> Answer:
    """Answer for one customer, one message class and one channel (`*`: is any channel held?).

    What is known to keep a message back does so however old that knowledge is; only what nothing is known to keep back
    is answered by `when_stale`.
    """
    if message_class == "transactional":
        return Answer(allowed=True, why="never_held")
    if message_class == "recovery":
        allowed = when_stale.allow_recovery or not freshness.stale
        return Answer(allowed=allowed, why="never_held" if allowed else "stale")
    found = _by_ledgers(tuple(ledgers), message_class, channel, freshness.now)
    if freshness.stale and found.allowed:
        return Answer(allowed=when_stale.allow_marketing, why="stale")
    return found


def _by_ledgers(ledgers: tuple[Suppression | None, ...], message_class: str, channel: str, now: Instant) -> Answer:
    if None in ledgers:
        return Answer(allowed=False, why="unreadable")
    known = [ledger for ledger in ledgers if ledger is not None]
    holds = tuple(hold for ledger in known for hold in ledger.holds if covers(hold.scope, message_class, channel))
    if holds:
        return Answer(allowed=False, why="hold", holds=holds)
    steps = [step for ledger in known for step in ledger.ramp if message_class in step.classes or ALL in step.classes]
    if not steps:
        return Answer(allowed=True, why="free")
    last = max(steps, key=lambda step: (step.from_, -(step.per_week or _MANY)))
    if last.from_ > now:
        return Answer(allowed=False, why="ramp", ramp=last)
    return Answer(allowed=True, why="free" if last.per_week is None else "ramp", ramp=last)


_MANY: Final = 1_000_000


def covers(scope: Scope, message_class: str, channel: str) -> bool:
    """Say whether a hold's scope covers a message; asked about any channel, a hold of one channel covers it."""
    by_class = ALL in scope.classes or message_class in scope.classes
    return by_class and (channel == ALL or ALL in scope.channels or channel in scope.channels)


class Audio(NamedTuple):
    """Classes of hold audio, as playlists name them, that may and must not play while a caller waits."""

    may_play: tuple[str, ...]
    must_not_play: tuple[str, ...]


_UPSELL: Final = "upsell"


def audio_for(
    rules: HoldAudioRules,
    ledgers: Iterable[Suppression | None],
    freshness: Freshness,
    when_stale: WhenStale = WhenStale(),  # noqa: B008 - a tuple, never changed
) -> Audio:
    """Return what may play while this caller waits: what every ledger of theirs says (`Suppression.hold_audio`).

    Nothing that sells while the gate is stale (by its setting), a ledger cannot be read, or the ramp after a release
    does not let upselling go yet. `rules` name the classes that there are.
    """
    known = tuple(ledgers)
    selling = may_send((), _UPSELL, "phone", freshness, when_stale).allowed
    said = [_heard(ledger, rules, freshness.now) for ledger in known]
    every = tuple(dict.fromkeys((*rules.plain, *rules.sales, *sorted(frozenset().union(*said)))))
    may = [one for one in every if all(one in heard for heard in said) and (selling or one in rules.plain)]
    return Audio(tuple(may), tuple(one for one in every if one not in may))


def _heard(ledger: Suppression | None, rules: HoldAudioRules, now: Instant) -> frozenset[str]:
    """Return the classes that one ledger lets play."""
    if ledger is None or _by_ledgers((replace(ledger, holds=()),), _UPSELL, "phone", now).why != "free":
        return frozenset(rules.plain)
    return frozenset((*rules.plain, *rules.sales) if ALL in ledger.hold_audio else ledger.hold_audio)
