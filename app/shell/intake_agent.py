"""The loop of the stateless first stage over one input topic: records → facts written → acknowledged.

At least once: a slice is acknowledged when the broker has all that it came to. What is written twice after a crash is
dropped downstream by the record's source position (decision 0004).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from faust.types import TP, Message

from app.clock import Instant
from app.shell.batch_path import Slice
from app.shell.cancelling import GivenUpError
from app.shell.gathering import Send
from app.shell.record_batches import in_time
from app.shell.refusals_limit import RefusalsLimit
from app.shell.telemetry_protocol import Outcome, Telemetry
from app.stage import IntakeStage, LogRecord, OutRecord
from app.topics import Topic

log = logging.getLogger(__name__)

_IN_FLIGHT: Final = 4
"""Slices whose facts may be on their way to the broker at the same time, however large; their order is kept."""
_IN_FLIGHT_RECORDS: Final = 4_000
"""Records that may be on their way in more slices than that: many are small."""

_PATIENCE_SECONDS: Final = 60.0
"""Who waits longer for facts to arrive waits for nothing: what the client still works on, it gives up itself after 40.
One whose sender has ended in silence would keep us waiting for ever."""
_INTAKE: Final = "intake"
_DEAD_LETTERS: Final = Topic.DEAD_LETTERS
_BEFORE_ALL: Final = Instant(0)


class Guard(Protocol):
    """Runs a coroutine in the background; its failure stops the worker."""

    def __call__(self, work: Awaitable[None]) -> "asyncio.Task[None]":
        """Start it."""
        ...


class IntakeLoop:
    """Admits the slices of one input topic, in the order they come."""

    def __init__(
        self,
        topic: Topic,
        stage: IntakeStage,
        send: Send,
        *,
        telemetry: Telemetry,
        finish: Callable[[Message, bool], None],
        guard: Guard,
        limit: RefusalsLimit,
        pause: Callable[[TP], None],
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        self.topic = topic
        self._stage = stage
        self._send = send
        self._telemetry = telemetry
        self._finish = finish
        self._guard = guard
        self._limit = limit
        self._pause = pause
        self._patience = patience
        self._stopped = False
        self._newest: dict[int, tuple[int, Instant]] = {}
        self._in_flight = 0
        self._in_flight_records = 0
        self._room = asyncio.Event()

    async def take(self, message: Message, records: Slice) -> None:
        """Admit a slice and hand its facts to the broker; acknowledged later, when they have arrived.

        Once the topic has come to too many dead letters, slices are given back unread, and no more are fetched.
        """
        if self._stopped:
            self._pause(message.tp)
            self._finish(message, False)
            return
        facts: list[OutRecord] = []
        outcomes: Counter[Outcome] = Counter()
        letters: list[OutRecord] = []
        for record in self._in_time(message.partition, records):
            admitted = self._stage.admit(record)
            facts.extend(admitted)
            outcome = _outcome(admitted)
            outcomes[outcome] += 1
            if outcome == "dead_letter":
                letters.extend(admitted)
        await self._leave(len(records))
        sent = await self._send(facts)
        self._guard(self._arrive(message, sent, outcomes, letters))
        if self._limit.is_exceeded(len(letters)):
            self._stop()

    async def _leave(self, records: int) -> None:
        """Count a slice of so many records as on its way; waits while too much is."""
        while self._in_flight >= _IN_FLIGHT and self._in_flight_records >= _IN_FLIGHT_RECORDS:
            self._room.clear()
            await self._room.wait()
        self._in_flight += 1
        self._in_flight_records += records

    def _stop(self) -> None:
        self._stopped = True
        log.error(
            "%s: more than %d dead letters in a minute: its intake stops, and with it the clock; mend the sender, "
            "then restart the workers (MAKEGOOD_DEAD_LETTERS_PER_MINUTE=0: no limit)",
            self.topic,
            self._limit.per_minute,
        )
        self._telemetry.intake_stopped(self.topic)

    async def _arrive(
        self,
        message: Message,
        sent: Sequence["asyncio.Future[Any]"],
        outcomes: Mapping[Outcome, int],
        letters: Sequence[OutRecord],
    ) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await asyncio.gather(*sent)
        except TimeoutError as error:
            raise GivenUpError(f"facts of {self.topic} did not arrive in {self._patience:g} s") from error
        self._finish(message, True)
        self._in_flight -= 1
        self._in_flight_records -= sum(outcomes.values())
        self._room.set()
        for outcome, records in outcomes.items():
            self._telemetry.events_in(self.topic, outcome, records)
        self._telemetry.refused(_INTAKE, letters)

    def _in_time(self, partition: int, records: Slice) -> list[LogRecord]:
        """Return a slice's records with timestamps that never go back.

        A partition that was away and came back is read again from what was acknowledged: its records must be known at
        the same time as before, not at that of later ones.
        """
        read_to, newest = self._newest.get(partition, (0, _BEFORE_ALL))
        if records and records[0].offset < read_to:
            newest = _BEFORE_ALL
        in_time(records, newest)
        if records:
            self._newest[partition] = (records[-1].offset + 1, records[-1].timestamp)
        return records


def _outcome(admitted: Sequence[OutRecord]) -> Outcome:
    for record in admitted:
        if record.topic is _DEAD_LETTERS:
            return "dead_letter"
    return "admitted" if admitted else "ignored"
