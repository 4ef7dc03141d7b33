"""Made-up directory records: parcels of a carrier, their scans, and whose they are."""

from app.clock import DAY, HOUR, Instant
from app.directory import Directory
from app.facts import (
    Alias,
    AliasBound,
    AliasKind,
    DirectoryEntry,
    Fact,
    FactWaiting,
    MessageReceived,
    MilestoneReached,
    Origin,
    ParcelRef,
    Party,
    Scanned,
    ScanStatus,
    Source,
    Subject,
    decode_fact,
    encode_entry,
)
from app.ids import ConsignmentId, CustomerId, FactId, JourneyId
from app.outputs import DeadLetter
from app.stage import Effects, LogRecord, OutRecord, Round
from app.topics import Topic

T0 = Instant(1_783_000_000_000)
PARCEL = Alias(AliasKind.TRACKING, "1Z999", "ups")
REQUESTER = Alias(AliasKind.HELPDESK, "req-7")


def days(count: float) -> Instant:
    """The instant `count` days after T0."""
    return Instant(T0 + int(count * DAY))


def hours(count: float) -> Instant:
    """The instant `count` hours after T0."""
    return Instant(T0 + int(count * HOUR))


def subject(customer: str = "ann", consignment: str = "c1") -> Subject:
    """A consignment of the customer's order."""
    return Subject(CustomerId(customer), JourneyId(f"order:{customer}"), ConsignmentId(consignment))


def binding(
    at: Instant,
    owner: Subject | None = None,
    *,
    alias: Alias = PARCEL,
    known_at: Instant | None = None,
    sequence: int = 0,
) -> AliasBound:
    """From `at` on the alias means the owner."""
    return AliasBound(
        alias, owner or subject(), at, at if known_at is None else known_at, Source("orders", 0, sequence), sequence
    )


def scan(
    name: str,
    at: Instant,
    *,
    status: ScanStatus = ScanStatus.IN_TRANSIT,
    known_at: Instant | None = None,
    sequence: int = 0,
    rank: int = 0,
    alias: Alias = PARCEL,
    bytes_: int = 3,
) -> FactWaiting:
    """A scan that knows its parcel alone."""
    known = at if known_at is None else known_at
    what = Scanned(alias.scope, alias.value, status)
    fact = Fact(FactId(name), what, Subject(), at, known, Source("tracking-scans", 1, sequence), sequence, rank)
    return FactWaiting(alias, fact, origin(sequence, known, bytes_))


def dispatch(name: str, at: Instant, order: Alias, parcel: Alias) -> FactWaiting:
    """A dispatch that knows its order alone and names a parcel."""
    what = MilestoneReached("dispatched", Party.MERCHANT, (ParcelRef(parcel.scope, parcel.value),))
    fact = Fact(FactId(name), what, Subject(), at, at, Source("orders", 0, 4), 4)
    return FactWaiting(order, fact, origin(4, at, 3))


def message(name: str, at: Instant, *, stated: Subject | None = None) -> FactWaiting:
    """A customer's message that knows its requester alone."""
    fact = Fact(FactId(name), MessageReceived("mail"), stated or Subject(), at, at, Source("case-events", 0, 9))
    return FactWaiting(REQUESTER, fact, origin(9, at, 3))


def origin(offset: int, at: Instant, bytes_: int) -> Origin:
    """The input record that a fact came from."""
    return Origin(Topic.TRACKING_SCANS, 1, offset, b"key", b"\xc3" * bytes_, at)


class Driven:
    """Drives a directory as its shell does: over a table, tick by tick."""

    def __init__(self, *, data_clock: bool = False) -> None:
        self.letters: list[DeadLetter] = []
        self.stage = Directory(self._write, data_clock=data_clock)
        self.table: dict[bytes, bytes] = {}
        self.dues: dict[bytes, Instant] = {}
        self.found: list[Fact] = []
        self._offset = 0

    def work(self, *entries: DirectoryEntry, until: Instant = T0) -> Effects:
        """Work a round of these entries, with whatever is due at `until`."""
        due = sorted(key for key, at in self.dues.items() if at <= until)
        effects = self.stage.work(Round(0, [self._record(entry) for entry in entries], due, until), self.table)
        self._apply(effects)
        return effects

    def _record(self, entry: DirectoryEntry) -> LogRecord:
        self._offset += 1
        return LogRecord(entry.alias.key(), encode_entry(entry), T0, Topic.DIRECTORY, 0, self._offset)

    def _apply(self, effects: Effects) -> None:
        for key, value in effects.changes.items():
            if value is None:
                del self.table[key]
            else:
                self.table[key] = value
        for key, at in effects.next_due.items():
            if at is None:
                self.dues.pop(key, None)
            else:
                self.dues[key] = at
        for output in effects.outputs:
            if output.topic is Topic.JOURNEY_LOG and output.value is not None:
                self.found.append(decode_fact(output.value))

    def _write(self, letter: DeadLetter) -> OutRecord:
        self.letters.append(letter)
        return OutRecord(Topic.DEAD_LETTERS, letter.key, letter.value)
