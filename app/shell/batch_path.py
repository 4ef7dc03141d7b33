"""The batch path: Faust moves slices of one partition instead of single records (decision 0001).

Everything that touches Faust's insides is in this module and in `recovery.py`; both are bound to the exact versions
pinned in pyproject.toml. Each mend here answers a defect that was seen on the broker; the decision record lists them.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

import faust
from aiokafka import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.transport.utils import DefaultSchedulingStrategy
from faust.types import TP, ConsumerMessage, Message
from mode.utils.futures import notify

from app.shell.cancelling import GivenUpError, only_from_outside
from app.shell.consumer import Consumer
from app.shell.group_offsets import committed_offsets
from app.shell.whole_batches import in_batches, records_of

log = logging.getLogger(__name__)

FETCH_WAIT_MS: Final = 50
"""How long the broker holds a fetch that finds nothing: a partition that gets data meanwhile may wait that long."""
_POLL_SECONDS: Final = 0.1
"""A short poll lets a partition that was held back for a full buffer come back soon."""
_STUCK_SECONDS: Final = 60.0
"""A batch in flight that takes longer than this at a rebalance or a stop is taken for a bug."""


class SliceGapError(Exception):
    """A slice does not begin where the last one of its partition ended: something was lost on the way to the agent."""


class Slice(list[Any]):
    """Consecutive records of one partition: all that can be read from `begins` up to, not including, `ends`.

    Offsets without a record in between are control records, aborted or compacted away.
    """

    def __init__(self, records: Iterable[Any], begins: int, ends: int) -> None:
        super().__init__(records)
        self.begins = begins
        self.ends = ends
        self.done = False


def scheduler(slice_records: int) -> type[DefaultSchedulingStrategy]:
    """Return the strategy for Faust's `ConsumerScheduler` setting: slices of at most so many records, in turns."""

    class SliceScheduler(DefaultSchedulingStrategy):
        def iterate(self, records: Mapping[TP, list[Any]]) -> Iterator[tuple[TP, Any]]:
            queues = deque((tp, _cut(fetched, slice_records)) for tp, fetched in records.items())
            while queues:
                tp, slices = queues.popleft()
                for piece in slices:
                    yield tp, piece
                    queues.append((tp, slices))
                    break

    return SliceScheduler


def _cut(fetched: Any, size: int) -> Iterator[Slice]:
    begins = fetched.begins
    for start in range(0, len(fetched), size):
        records = fetched[start : start + size]
        ends = fetched.ends if start + size >= len(fetched) else records[-1].offset + 1
        yield Slice(records, begins, ends)
        begins = ends


class RawSchema(faust.Schema):
    """Hands the slice to the agent as it is: we decode ourselves, because Faust throws what it cannot decode."""

    def loads_key(self, app: Any, message: Message, **_: Any) -> Any:  # noqa: ARG002 - Faust's signature
        """Return the key, which a slice does not have."""
        return message.key

    def loads_value(self, app: Any, message: Message, **_: Any) -> Any:  # noqa: ARG002 - Faust's signature
        """Return the slice."""
        return message.value


class SliceThread(driver.AIOKafkaConsumerThread):
    """The consumer thread: reads committed records only, and remembers where each fetch of a partition began."""

    cursors: dict[TP, int]

    def _create_worker_consumer(self, transport: Any) -> Consumer:  # noqa: ARG002 - Faust's signature
        conf = self.app.conf
        self._assignor = self.app.assignor
        self.cursors = {}
        return Consumer(
            **self.app.connection,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            isolation_level="read_committed",
            key_deserializer=in_batches,
        )

    async def _fetch_records(
        self,
        consumer: Consumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - the driver's signature
        max_records: int | None = None,
    ) -> dict[TP, Slice]:
        cursors = self.cursors
        fetched = await super()._fetch_records(consumer, active_partitions, timeout=timeout, max_records=max_records)
        if not fetched:
            consumer.check_fetching()
        if cursors is not self.cursors:
            # this fetch outlasted a rebalance: what it moved past is read again from where the seek put us
            for tp in fetched:
                if tp in self.cursors:
                    consumer.seek(tp, self.cursors[tp])
            return {}
        state_of = consumer._subscription.subscription.assignment.state_value  # noqa: SLF001
        pieces = {}
        for tp, batches in fetched.items():
            # without a cursor it is newly assigned and will be sought before it is read in earnest
            if tp not in cursors:
                continue
            if records := records_of(batches, cursors[tp], self.app.logical[tp.topic], tp.partition):
                ends = state_of(tp).position
                pieces[TP(tp.topic, tp.partition)] = Slice(records, cursors[tp], ends)
                cursors[TP(tp.topic, tp.partition)] = ends
        return pieces

    async def call_thread(self, fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call in the consumer's thread; GivenUpError when the client there cancelled it, unless the worker stops.

        A task of Faust's that is cancelled from there ends without a word: a fetcher, a rebalance, a commit.
        """
        try:
            with only_from_outside():
                return await super().call_thread(fun, *args, **kwargs)
        except GivenUpError as error:
            if self.app.should_stop:
                raise asyncio.CancelledError from error
            raise

    async def seek(self, resume_points: Mapping[TP, int], idle: Iterable[TP]) -> dict[TP, int]:
        """Seek every working partition and return where to; `idle` ones are not fetched at all.

        To the given point if there is one, else to the committed offset, else to the beginning.
        """
        return await self.call_thread(self._seek_all, resume_points, set(idle))  # type: ignore[no-any-return]

    async def _seek_all(self, resume_points: Mapping[TP, int], idle: set[TP]) -> dict[TP, int]:
        consumer = self._ensure_consumer()
        consumer.pause(*(TopicPartition(*tp) for tp in idle))
        working = self.assignment() - idle
        points = {tp: point for tp, point in resume_points.items() if tp in working}
        unread = []
        asked = [TopicPartition(*tp) for tp in working if tp not in points]
        coordinator = consumer._coordinator  # noqa: SLF001 - its own way of asking is not to be trusted
        for place, point in (await committed_offsets(coordinator, asked)).items():
            if point is None:
                unread.append(place)
            else:
                points[TP(place.topic, place.partition)] = point
        if unread:
            begins = await consumer.beginning_offsets(unread)
            points.update({TP(tp.topic, tp.partition): offset for tp, offset in begins.items()})
        for tp, offset in points.items():
            consumer.seek(TopicPartition(*tp), offset)
        self.cursors = dict(points)
        return points


class SliceConsumer(driver.Consumer):
    """Delivers slices and keeps its own ledger of them: Faust's acknowledgement logic cannot be trusted with slices.

    The app that owns it must have `connection` (arguments for an aiokafka client), `logical` (topics by their names on
    the cluster), `transactional_topics` (names of those whose offsets are committed in our own transactions),
    `resume_points()` (where to go on in partitions that we kept) and `drain()` (drop what has not been begun).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ledger: dict[TP, deque[Slice]] = {}
        self._expected: dict[TP, int] = {}
        self._held: set[TP] = set()

    def _new_consumer_thread(self) -> SliceThread:
        return SliceThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109
        """Yield a message per slice, until the flow is stopped or the group has a new generation.

        Unlike Faust's own it never seeks: whoever stops the flow seeks before it resumes.
        """
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        # only now: what is fetched after a rebalance belongs to the generation after it
        generation = self.app.consumer_generation_id
        fetched, _ = await self._wait_next_records(timeout)
        if not fetched or self.should_stop:
            return
        for tp, piece in self.scheduler.iterate(fetched):
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            yield tp, self._to_message(tp, piece)

    async def _drain_messages(self, fetcher: Any) -> None:
        """Hand slices to the agents until the fetcher stops.

        Faust waits for the event loop several times per message here, to watch for a rebalance; a slice that meets one
        is dropped by the agent's stream (another generation) or by the cleared queue, and the seek after it rereads.
        """
        try:
            while not (self.should_stop or fetcher.should_stop):
                async for _, message in self.getmany(_POLL_SECONDS):
                    await self.callback(message)
        except (asyncio.CancelledError, *self.consumer_stopped_errors):
            if not self.app.should_stop:
                raise

    def _to_message(self, tp: TP, record: Slice) -> ConsumerMessage:
        if tp.topic not in self.app.transactional_topics:
            self._ledger.setdefault(tp, deque()).append(record)
        last = record[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000,
            0,
            (),
            None,
            record,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    def begin(self, message: Message) -> Slice:
        """Take a slice from the stream; SliceGapError unless it begins where the partition's last one ended."""
        piece: Slice = message.value
        expected = self._expected.get(message.tp)
        if piece.begins != expected:
            raise SliceGapError(
                f"{message.tp.topic}/{message.tp.partition}: expected a slice from offset {expected}, "
                f"got one from {piece.begins} to {piece.ends}"
            )
        self._expected[message.tp] = piece.ends
        return piece

    def finish(self, message: Message, *, done: bool) -> None:
        """Acknowledge a slice (`done`), or give it back: it will be read again by whoever owns the partition next."""
        message.value.done = done
        message.acked = True
        self._unacked_messages.discard(message)
        notify(self._waiting_for_ack)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in list(self._ledger) if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        slices = self._ledger[tp]
        offset = None
        while slices and slices[0].done:
            offset = slices.popleft().ends
        return offset

    async def perform_seek(self) -> None:
        """Seek to where each partition must go on; those never committed start at their beginning."""
        idle = {tp for tp in self.assignment() if self._is_changelog_tp(tp)}
        points = await self._thread.seek(self.app.resume_points(), idle)
        self._ledger.clear()
        self._expected = dict(points)
        for tp, offset in points.items():
            self._committed_offset[tp] = offset

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Hold partitions back until the flow resumes: Faust clears the agents' queues in between."""
        self._held.update(tps)

    def release_partitions(self, tps: Iterable[TP]) -> None:
        """Fetch again, at once, what was paused."""
        super().resume_partitions(tps)

    def resume_flow(self) -> None:
        """Release what was held back, then let messages flow."""
        super().resume_partitions(self._held)
        self._held.clear()
        super().resume_flow()

    async def wait_empty(self) -> None:
        """Drop what has not been begun, wait for what has, and commit it; give up after a minute."""
        if self.app.crashed:
            return
        try:
            async with asyncio.timeout(_STUCK_SECONDS):
                await self.app.drain()
                await super().wait_empty()
        except TimeoutError as exc:
            await self.app.crash(exc)

    async def on_task_error(self, exc: BaseException) -> None:
        """Commit nothing after an error (Faust would); a crash stops the worker as it is."""
        log.error("consumer task failed: %r", exc)
        await self.app.crash(exc)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: Faust's livelock detector looks at acknowledgements that we do not use."""


class SliceTransport(driver.Transport):
    """The aiokafka transport with the consumer above."""

    Consumer: ClassVar[type[SliceConsumer]] = SliceConsumer


async def slices(stream: Any, consumer_of: Callable[[], SliceConsumer]) -> AsyncIterator[tuple[Message, Slice]]:
    """Iterate over an agent's stream without acknowledging: whoever takes a slice must `finish` it."""
    async for event in stream.noack().events():
        yield event.message, consumer_of().begin(event.message)
