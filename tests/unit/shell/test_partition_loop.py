"""The loop over one partition: rounds, acknowledgements, and what it refuses of a stage."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from app.clock import Instant
from app.shell.batch_path import Slice
from app.shell.breaking import BROKE, Aside, Break, encode_break
from app.shell.keyed_agent import PartitionLoop, StageError
from app.shell.state_tables import PartitionState
from app.shell.telemetry_protocol import NoTelemetry
from app.stage import Effects, KeyedStage, LogRecord, Round, tick_value
from app.topics import Topic
from tests.support.counting_stage import CountingStage, decode


class Committed:
    """A writer that keeps what it is given; `hold` makes commits wait."""

    def __init__(self) -> None:
        self.rounds: list[tuple[Effects, int]] = []
        self.go = asyncio.Event()
        self.go.set()

    async def commit(self, effects: Effects, offset: int, clock: Instant) -> int | None:
        await self.go.wait()
        self.rounds.append((effects, offset))
        return len(self.rounds)

    def said(self) -> list[list[bytes | None]]:
        return [[output.value for output in effects.outputs] for effects, _ in self.rounds]


def record(offset: int, value: bytes, key: bytes | None = b"c", timestamp: int = 1_000) -> Any:
    return LogRecord(key, value, Instant(timestamp), Topic.JOURNEY_LOG, 0, offset)


def tick(offset: int, at: int) -> Any:
    return record(offset, tick_value(Instant(at)), key=None, timestamp=at)


class NobodyAsks:
    """The worker around a partition that stands still, where nobody asks for anything."""

    def stand(self, stage: KeyedStage, partition: int, *, standing: bool) -> None:
        pass

    async def asked(self, stage: KeyedStage, partition: int, begins: int, key: bytes) -> bytes | None:
        return None


class Partition:
    """A loop with a writer and its acknowledgements; use inside an event loop."""

    def __init__(
        self,
        *,
        data_clock: bool = False,
        stage: CountingStage | None = None,
        limit: int = 10,
        number: int = 0,
        turn: asyncio.Lock | None = None,
        aside: Aside | None = None,
    ) -> None:
        self.state = PartitionState(stage or CountingStage(), number)
        self.writer = Committed()
        self.finished: list[tuple[str, bool]] = []
        self.loop = PartitionLoop(
            self.state,
            self.writer,
            data_clock=data_clock,
            slice_records=limit,
            telemetry=NoTelemetry(),
            finish=lambda message, done: self.finished.append((str(message), done)),
            aside=aside,
            turn=turn,
        )
        self.task = asyncio.ensure_future(self.loop.run())

    async def offer(self, name: str, *records: Any) -> None:
        message: Any = name
        await self.loop.offer(message, Slice(records, records[0].offset, records[-1].offset + 1))
        await self.settle()

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)

    async def stop(self) -> None:
        self.loop.stop()
        await self.task


def test_a_slice_is_acknowledged_after_its_round_is_committed_and_not_before() -> None:
    async def scenario() -> None:
        partition = Partition()
        partition.writer.go.clear()
        await partition.offer("s", record(0, b"a"), record(1, b"b"))
        assert partition.finished == []
        assert partition.state.table == {}
        partition.writer.go.set()
        await partition.settle()
        assert partition.finished == [("s", True)]
        assert decode(partition.state.table[b"c"]) == (2, 0)
        assert partition.state.resume_at == 2
        await partition.stop()

    asyncio.run(scenario())


def test_slices_that_wait_are_worked_in_one_round_up_to_the_limit() -> None:
    async def scenario() -> None:
        partition = Partition(limit=4)
        partition.writer.go.clear()
        for number in range(4):
            await partition.offer(f"s{number}", record(2 * number, b"a"), record(2 * number + 1, b"b"))
        partition.writer.go.set()
        await partition.settle()
        assert [offset for _, offset in partition.writer.rounds] == [2, 6, 8]
        await partition.stop()

    asyncio.run(scenario())


def test_small_slices_wait_for_no_room_until_they_are_a_round_of_records() -> None:
    async def scenario() -> None:
        partition = Partition(limit=10)
        partition.writer.go.clear()
        await partition.offer("first", record(0, b"a"))
        for number in range(1, 11):
            await asyncio.wait_for(partition.offer(f"s{number}", record(number, b"a")), 10)
        more = asyncio.ensure_future(partition.offer("more", record(11, b"a")))
        await partition.settle()
        assert not more.done()
        partition.writer.go.set()
        await more
        assert [offset for _, offset in partition.writer.rounds] == [1, 11, 12]
        await partition.stop()

    asyncio.run(scenario())


def test_a_stopping_partition_finishes_the_round_in_flight_and_gives_the_rest_back() -> None:
    async def scenario() -> None:
        partition = Partition(limit=1)
        partition.writer.go.clear()
        await partition.offer("in flight", record(0, b"a"))
        await partition.offer("waiting", record(1, b"b"))
        partition.loop.stop()
        partition.writer.go.set()
        await partition.task
        await partition.offer("late", record(2, b"c"))
        assert sorted(partition.finished) == [("in flight", True), ("late", False), ("waiting", False)]
        assert len(partition.writer.rounds) == 1

    asyncio.run(scenario())


def test_a_tick_fires_what_is_due_in_rounds_so_that_other_customers_do_not_wait() -> None:
    async def scenario() -> None:
        partition = Partition(limit=10)
        for number in range(25):
            await partition.offer("s", record(number, b"e@5000", key=b"c%d" % number))
        partition.writer.rounds.clear()
        partition.writer.go.clear()
        await partition.offer("tick", tick(25, 5_000))
        await partition.offer("fact", record(26, b"fact", key=b"other", timestamp=5_001))
        partition.writer.go.set()
        await partition.settle()
        fired = [said.count(b"5000") for said in partition.writer.said()]
        assert fired == [10, 10, 5]
        assert b"fact" in partition.writer.said()[1]
        assert partition.finished[-2:] == [("tick", True), ("fact", True)]
        await partition.stop()

    asyncio.run(scenario())


def test_timestamps_do_not_go_back_within_a_partition() -> None:
    seen: list[Instant] = []

    class Watching(CountingStage):
        def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
            seen.extend(fact.timestamp for fact in round_.records)
            return super().work(round_, table)

    async def scenario() -> None:
        partition = Partition(stage=Watching())
        await partition.offer("s", record(0, b"a", timestamp=2_000), record(1, b"b", timestamp=1_500))
        await partition.offer("t", record(2, b"c", timestamp=1_900))
        await partition.stop()

    asyncio.run(scenario())
    assert seen == [2_000, 2_000, 2_000]


def test_under_the_data_clock_each_tick_is_a_round_of_its_own_and_what_follows_it_waits() -> None:
    async def scenario() -> None:
        partition = Partition(data_clock=True)
        await partition.offer("s", record(0, b"a"), record(1, b"b@50"))
        assert partition.writer.rounds == []
        await partition.offer("t", tick(2, 10), record(3, b"c"), tick(4, 50), record(5, b"d"))
        assert partition.writer.said() == [[b"a", b"b"], [b"50", b"c"]]
        assert [offset for _, offset in partition.writer.rounds] == [3, 5]
        await partition.stop()
        assert all(not done for _, done in partition.finished)

    asyncio.run(scenario())


class Forgetful(CountingStage):
    """A stage with a defect of its own choice."""

    def __init__(self, defect: str) -> None:
        super().__init__()
        self._defect = defect

    def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
        effects = super().work(round_, table)
        if self._defect == "no next_due":
            return effects._replace(next_due={})
        return effects._replace(changes={}, next_due={}) if round_.due else effects


@pytest.mark.parametrize(
    ("defect", "records"),
    [("no next_due", [record(0, b"a")]), ("leaves due keys", [record(0, b"a@500"), tick(1, 500)])],
)
def test_a_stage_that_would_lose_a_deadline_or_spin_is_refused_before_anything_is_written(
    defect: str, records: Sequence[Any]
) -> None:
    async def scenario() -> None:
        partition = Partition(stage=Forgetful(defect))
        for number, one in enumerate(records):
            if not partition.task.done():
                await partition.offer(f"s{number}", one)
        with pytest.raises(StageError):
            await partition.task
        assert (f"s{len(records) - 1}", True) not in partition.finished

    asyncio.run(scenario())


def test_a_tick_from_a_worker_whose_clock_is_ahead_names_no_time_that_had_not_come() -> None:
    async def scenario() -> None:
        partition = Partition()
        await partition.offer("s", record(0, b"e@5000"))
        await partition.offer("ahead", record(1, tick_value(Instant(95_000)), key=None, timestamp=4_999))
        assert partition.loop.until == 4_999
        assert not any(b"5000" in said for said in partition.writer.said())
        await partition.offer("in time", tick(2, 5_000))
        assert partition.writer.said()[-1] == [b"5000"]
        await partition.stop()

    asyncio.run(scenario())


def test_when_many_run_out_at_once_records_pass_in_between_and_nothing_is_fired_twice() -> None:
    async def scenario() -> None:
        partition = Partition(limit=2_000)
        await partition.offer("s", *(record(number, b"e@5000", key=b"c%d" % number) for number in range(500)))
        partition.writer.rounds.clear()
        partition.writer.go.clear()
        await partition.offer("tick", tick(500, 5_000))
        await partition.offer("fact", record(501, b"fact", key=b"other", timestamp=5_001))
        partition.writer.go.set()
        for _ in range(10):
            await partition.settle()
        fired = [said.count(b"5000") for said in partition.writer.said()]
        assert fired == [128, 16, 128, 128, 100]
        assert b"fact" in partition.writer.said()[1]
        assert len({key for effects, _ in partition.writer.rounds for key in effects.changes}) == 501
        await partition.stop()

    asyncio.run(scenario())


def test_the_event_loop_turns_while_many_deadlines_fire_and_one_partition_at_a_time_fires_many() -> None:
    worked: list[tuple[int, int]] = []

    class Watching(CountingStage):
        def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
            if round_.due:
                worked.append((round_.partition, len(round_.due)))
            return super().work(round_, table)

    async def scenario() -> None:
        turn = asyncio.Lock()
        partitions = [Partition(stage=Watching(), limit=2_000, number=number, turn=turn) for number in range(2)]
        for partition in partitions:
            await partition.offer("s", *(record(number, b"e@5000", key=b"c%d" % number) for number in range(128)))
        for partition in partitions:
            await partition.offer("tick", tick(128, 5_000))
        for partition in partitions:
            await partition.settle()
            await partition.stop()

    asyncio.run(scenario())
    assert worked == [(0, 4)] * 32 + [(1, 4)] * 32


@pytest.mark.expects_error_log("this partition stands still")
def test_a_partition_that_stands_still_keeps_nobody_else_from_firing() -> None:
    class Broken(CountingStage):
        def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
            if b"c7" in round_.due:
                raise ZeroDivisionError
            return super().work(round_, table)

    async def scenario() -> None:
        turn = asyncio.Lock()
        broken = Partition(stage=Broken(), limit=2_000, turn=turn, aside=NobodyAsks())
        await broken.offer("s", *(record(number, b"e@5000", key=b"c%d" % number) for number in range(128)))
        broken.state.apply(Effects([], {BROKE: encode_break(Break(129, b"c7", 3, "x", True))}, {BROKE: None}))
        await broken.offer("tick", tick(128, 5_000))
        assert broken.loop.standing
        other = Partition(limit=2_000, turn=turn)
        await other.offer("s", *(record(number, b"e@5000", key=b"c%d" % number) for number in range(128)))
        await other.offer("tick", tick(128, 5_000))
        assert sum(said.count(b"5000") for said in other.writer.said()) == 128
        broken.loop.stop()
        await other.stop()
        await broken.task

    asyncio.run(scenario())
