"""What the directory is told: what an alias means, and facts that wait for their customer."""

from enum import StrEnum

from msgspec import Struct

from app.clock import Instant
from app.facts.fact import Fact, Source, Subject
from app.ids import CustomerId
from app.topics import Topic


class AliasKind(StrEnum):
    """What other systems know a customer, a journey or a parcel by."""

    TRACKING = "tracking"
    ORDER = "order"
    JOURNEY = "journey"
    EMAIL = "email"
    PHONE = "phone"
    LOYALTY = "loyalty"
    HELPDESK = "helpdesk"
    CASE = "case"


class Alias(Struct, frozen=True, array_like=True, gc=False):
    """The directory's key: `tracking` has the carrier in `scope`, the others none."""

    kind: AliasKind
    value: str
    scope: str = ""

    def key(self) -> bytes:
        """Return the record key under which the directory keeps this alias."""
        # put together with +: formatting an enum's member takes longer than all the rest
        return (self.kind + f"\x1f{self.scope}\x1f{self.value}").encode()


class AliasBound(Struct, frozen=True, tag="alias_bound", omit_defaults=True, gc=False):
    """From `valid_from` on the alias means this subject, until a newer binding or the consignment's end."""

    alias: Alias
    subject: Subject
    valid_from: Instant
    known_at: Instant
    source: Source
    sequence: int = 0


class AliasForgotten(Struct, frozen=True, tag="alias_forgotten", omit_defaults=True, gc=False):
    """The alias means this customer no longer: they were erased. Facts that wait for a customer stay."""

    alias: Alias
    customer: CustomerId
    known_at: Instant
    sequence: int = 0


class FactWaiting(Struct, frozen=True, tag="fact_waiting", gc=False):
    """A fact that does not know its customer, under the alias that may find it."""

    alias: Alias
    fact: Fact
    origin: "Origin"


class Origin(Struct, frozen=True, gc=False):
    """The input record a fact came from, kept until its customer is found, for the dead letter if never."""

    topic: Topic
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: Instant


DirectoryEntry = AliasBound | AliasForgotten | FactWaiting
