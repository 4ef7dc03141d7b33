"""What the register keeps under each of its keys, and its form in table and changelog."""

import struct
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct

from app.clock import Instant
from app.facts import AudioAsset, CampaignListed, CampaignPlanned, Fact, Terms, Trouble
from app.ids import CustomerId, OutputId


class Campaign(Struct, frozen=True, tag="campaign", omit_defaults=True):
    """A planned send: what its shards have told, and whether the service desk was briefed and the send checked."""

    plan: CampaignPlanned
    planned_at: Instant
    shards: int
    planned: dict[str, CampaignListed] = {}
    checked: dict[str, CampaignListed] = {}
    ready_at: Instant | None = None
    briefed: bool = False


class Severe(Struct, frozen=True, array_like=True):
    """One customer's severe open problems: the worst severity and the types. `again`: another brand has them too."""

    severity: int
    reasons: tuple[str, ...]
    again: bool = False


class PlannedHere(Struct, frozen=True, array_like=True):
    """A campaign whose planner has been told of these customers, and is told again at `plan.send_at`."""

    plan: CampaignPlanned
    listed: tuple[CustomerId, ...]


class Shard(Struct, frozen=True, tag="severe", omit_defaults=True):
    """A part of a brand's customers with severe open problems, and the campaigns they are left out of."""

    customers: dict[CustomerId, Severe] = {}
    campaigns: dict[str, PlannedHere] = {}


class AwaitedOwner(Struct, frozen=True, array_like=True):
    """An owner who was asked to act by `act_by`; `history` are the decisions that led to them.

    `level` is how many were asked before them and were silent.
    """

    problem: str
    owner: str
    act_by: Instant
    history: tuple[OutputId, ...] = ()
    level: int = 0


class Offer(Struct, frozen=True, tag="offer", omit_defaults=True):
    """An offer's terms by version, as advertised and as its coupons have them; `asked`: versions customers hold.

    `awaited`: nobody has acted on its gaps so far.
    """

    advertised: dict[int, Terms] = {}
    coupons: dict[int, Terms] = {}
    asked: tuple[int, ...] = ()
    awaited: AwaitedOwner | None = None


class Holder(Struct, frozen=True, array_like=True):
    """A customer who holds an offer in this version, and the question that they asked."""

    version: int
    question: str


class Holders(Struct, frozen=True, tag="holders", omit_defaults=True):
    """A part of those who hold an offer; forgotten at `until`."""

    until: Instant
    customers: dict[CustomerId, Holder] = {}


class Spent(Struct, frozen=True, tag="budget", omit_defaults=True):
    """What a budget has granted in one period; `seen` are the questions answered (see `journey.seen`)."""

    until: Instant
    granted: Decimal = Decimal(0)
    exhausted: bool = False
    seen: bytes = b""


class Playlist(Struct, frozen=True, tag="playlist", omit_defaults=True):
    """What callers on hold hear."""

    assets: tuple[AudioAsset, ...]


class Asset(Struct, frozen=True, tag="asset", omit_defaults=True):
    """One audio of some playlist."""

    known: AudioAsset


class Report(Struct, frozen=True, array_like=True):
    """A customer who may share a cause with others, and the question that the answer is to."""

    at: Instant
    customer: CustomerId
    question: str = ""


class Incident(Struct, frozen=True, tag="incident", omit_defaults=True):
    """Customers with one cause, the newest reports last; once it is declared only how many joined and recovered.

    Looked at again at `until`, when no report has come for long. `well`: the desks have heard that nobody is left;
    `fields` is what they heard at first. `awaited`: nobody has acted so far.
    """

    until: Instant
    reports: tuple[Report, ...] = ()
    declared_at: Instant | None = None
    joined: int = 0
    recovered: int = 0
    well: bool = False
    fields: dict[str, str] = {}
    awaited: AwaitedOwner | None = None


class Account(Struct, frozen=True, tag="account", omit_defaults=True):
    """What the people of one business client have: those with severe open problems alone.

    `version` rises with each change, also when it was forgotten between (`until`: nothing to know any more since long).
    """

    troubles: dict[CustomerId, tuple[Trouble, ...]] = {}
    version: int = 0
    until: Instant | None = None


class Members(Struct, frozen=True, tag="members", omit_defaults=True):
    """A part of an account's people."""

    customers: tuple[CustomerId, ...]


Body = Account | Members | Incident | Campaign | Shard | Offer | Holders | Spent | Playlist | Asset


class Entry(Struct, frozen=True, omit_defaults=True):
    """What one key holds. `ahead`: facts known later than the data clock stands (decision 0007), in their order."""

    body: Body | None = None
    ahead: tuple[Fact, ...] = ()


EMPTY: Final = Entry()

_VERSION: Final = 1
_NEVER: Final = -1
_HEAD: Final = struct.Struct(">Bq")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Entry)


def encode_entry(entry: Entry, next_due: Instant | None) -> bytes | None:
    """Encode for table and changelog: version byte, earliest deadline, msgpack, of exact size. Empty: None (remove)."""
    if entry.body is None and not entry.ahead:
        return None
    return _HEAD.pack(_VERSION, _NEVER if next_due is None else next_due) + _encoder.encode(entry)


def decode_entry(value: bytes | None) -> Entry:
    """Decode a stored entry; a wrong version or shape raises (it is ours: a bug, not bad input)."""
    if value is None:
        return EMPTY
    stored_due(value)
    return _decoder.decode(memoryview(value)[_HEAD.size :])


def stored_due(value: bytes) -> Instant | None:
    """Return the earliest deadline of a stored entry without decoding it."""
    version, due = _HEAD.unpack_from(value)
    if version != _VERSION:
        msg = f"register state of version {version}, this worker reads {_VERSION}: upgrade it first"
        raise ValueError(msg)
    return None if due == _NEVER else Instant(due)
