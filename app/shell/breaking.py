"""A round that a stage cannot work: which key breaks it, how often it has, and what then (decision 0021).

The worker stops, as after every bug, and the changelog remembers by what. What has stopped workers three times running
stops no more of them: its partition alone stands still, named, until it is mended or its customer parked.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple, Protocol

import msgspec
from msgspec import Struct

from app.clock import Instant
from app.errors import MakegoodError
from app.journey.stored import content_of, waiting_for_nothing
from app.shell.telemetry_protocol import Telemetry
from app.stage import Effects, KeyedStage, Round

log = logging.getLogger(__name__)

BROKE: Final = b"\x00broke"
"""The table's key for what last stopped a worker on the partition."""
STOPS_BEFORE_STANDING: Final = 3
MOST_STATE_BYTES: Final = 900_000
"""The broker takes a record of a megabyte. A state that does not fit breaks us like a bug: no other customer waits."""
_LOOK_SECONDS: Final = 2.0
_TURN_SECONDS: Final = 0.2
_START: Final = Instant(0)


class OversizedStateError(MakegoodError):
    """A state that could not be written to its changelog."""


class Break(Struct, frozen=True, array_like=True):
    """What stopped a worker: the log's offset (of the record, or from which on a deadline did), and whose it is."""

    offset: int
    key: bytes
    times: int
    error: str
    of_deadline: bool = False


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Break)


def encode_break(broke: Break) -> bytes:
    """Encode for table and changelog; it waits for nothing."""
    return waiting_for_nothing(_encoder.encode(broke))


def decode_break(value: bytes) -> Break:
    """Decode what the table holds under `BROKE`."""
    return _decoder.decode(content_of(value))


class Aside(Protocol):
    """What a partition that stands still needs of the worker around it."""

    def stand(self, stage: KeyedStage, partition: int, *, standing: bool) -> None:
        """Fetch no more of the partition while it stands, so that the others are fetched and memory is bounded."""
        ...

    async def asked(self, stage: KeyedStage, partition: int, begins: int, key: bytes) -> bytes | None:
        """Look ahead on the partition's log, from an offset on, for the newest record that asks to park a key."""
        ...


class Found(NamedTuple):
    """The key that breaks a round, and the offset of its record; None when it is a deadline that breaks."""

    key: bytes
    offset: int | None


def find(stage: KeyedStage, round_: Round, table: Mapping[bytes, bytes]) -> Found | None:
    """Return what breaks a round by working its keys one by one; None when none of them does alone.

    Nothing is changed: a stage computes over the table, not in it.
    """
    common = [record for record in round_.records if record.key is None]
    for key in dict.fromkeys((*(record.key for record in round_.records if record.key is not None), *round_.due)):
        own = [record for record in round_.records if record.key in {key, None}]
        due = (key,) if key in round_.due else ()
        if _works(stage, round_._replace(records=own, due=due), table):
            continue
        for last, record in enumerate(own, 1):
            if record.key == key and not _works(
                stage, round_._replace(records=own[:last], due=(), until=_START), table
            ):
                return Found(key, record.offset)
        return Found(key, None) if _works(stage, round_._replace(records=common, due=()), table) else None
    return None


def _effects(stage: KeyedStage, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
    """Work a round; OversizedStateError when a state has grown beyond what the broker takes."""
    effects = stage.work(round_, table)
    largest = max(map(len, filter(None, effects.changes.values())), default=0)
    if largest > MOST_STATE_BYTES:
        raise OversizedStateError(f"a state of {largest} bytes; {MOST_STATE_BYTES} is the most that is kept")
    return effects


def _works(stage: KeyedStage, round_: Round, table: Mapping[bytes, bytes]) -> bool:
    try:
        _effects(stage, round_, table)
    except Exception:  # noqa: BLE001 - whatever a bug raises: we only ask whether it does
        return False
    return True


class Breaking:
    """Works the rounds of one partition for its loop.

    `commit` writes what broke, with the log where it stands; `stopping` says whether the partition is being given up;
    `stood` is told when it begins or ends to stand still.
    """

    def __init__(
        self,
        stage: KeyedStage,
        partition: int,
        table: Mapping[bytes, bytes],
        *,
        commit: Callable[[Effects, int], Awaitable[None]],
        telemetry: Telemetry,
        aside: Aside | None,
        stopping: Callable[[], bool],
        stood: Callable[[], object],
    ) -> None:
        self.standing = False
        self._stage = stage
        self._partition = partition
        self._table = table
        self._commit = commit
        self._telemetry = telemetry
        self._aside = aside
        self._stopping = stopping
        self._stood = stood

    async def work(self, round_: Round, begins: int, ends: int) -> Effects | None:
        """Work a round of the log from `begins` to `ends`; None when the partition was given up while it stood still.

        What the stage raises is raised again, after it has been remembered; without an `aside` it is only raised.
        """
        while True:
            try:
                effects = _effects(self._stage, round_, self._table)
            except Exception as error:
                if self._aside is None:
                    raise
                parking = await self._broke(round_, begins, error)
                if parking is None:
                    return None
                round_ = round_._replace(parking={**round_.parking, **parking})
            else:
                return self._passed(effects, ends)

    def _passed(self, effects: Effects, ends: int) -> Effects:
        """Forget what broke here once the log has gone past it."""
        value = self._table.get(BROKE)
        if value is None or decode_break(value).offset >= ends:
            return effects
        if self.standing:
            self._stand(standing=False, offset=decode_break(value).offset)
        log.info("%s/%d: offset %d breaks us no more", self._stage.log, self._partition, decode_break(value).offset)
        return effects._replace(changes={**effects.changes, BROKE: None}, next_due={**effects.next_due, BROKE: None})

    async def _broke(self, round_: Round, begins: int, error: Exception) -> dict[bytes, tuple[int, bytes]] | None:
        """Remember a break and raise it; or stand still, until the key is to be parked or the partition given up."""
        found = find(self._stage, round_, self._table)
        if found is None or found.key in round_.parking:
            raise error
        before = None if BROKE not in self._table else decode_break(self._table[BROKE])
        offset = begins if found.offset is None else found.offset
        again = before is not None and before.key == found.key and (before.offset == offset or found.offset is None)
        times = before.times + 1 if before is not None and again else 1
        if times <= STOPS_BEFORE_STANDING:
            broke = Break(offset, found.key, times, type(error).__name__, found.offset is None)
            await self._commit(Effects([], {BROKE: encode_break(broke)}, {BROKE: None}), begins)
            log.error("%s", self._named(broke))
            raise error
        assert before is not None
        return await self._stand_still(before, begins)

    async def _stand_still(self, broke: Break, begins: int) -> dict[bytes, tuple[int, bytes]] | None:
        assert self._aside is not None
        log.error("%s; this partition stands still: mend it, or `makegood quarantine`", self._named(broke))
        self._stand(standing=True, offset=broke.offset)
        waited = _LOOK_SECONDS
        while not self._stopping():
            if waited >= _LOOK_SECONDS:
                waited = 0.0
                asked = await self._aside.asked(self._stage, self._partition, begins, broke.key)
                if asked is not None:
                    return {broke.key: (broke.offset, asked)}
            await asyncio.sleep(_TURN_SECONDS)
            waited += _TURN_SECONDS
        self._stand(standing=False, offset=broke.offset)
        return None

    def _stand(self, *, standing: bool, offset: int) -> None:
        assert self._aside is not None
        self.standing = standing
        self._stood()
        self._aside.stand(self._stage, self._partition, standing=standing)
        self._telemetry.standing(self._stage.log, self._partition, offset if standing else None)

    def _named(self, broke: Break) -> str:
        what = "a deadline, from the record at" if broke.of_deadline else "the record at"
        times = f"{broke.times} time{'s running' if broke.times > 1 else ''}"
        return (
            f"{what} {self._stage.log}/{self._partition} offset {broke.offset} stopped a worker {times} ({broke.error})"
        )
