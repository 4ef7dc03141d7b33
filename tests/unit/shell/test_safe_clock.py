"""The clock never runs ahead of unread input, whoever reads it and however slowly."""

import asyncio
from collections.abc import Iterable, Mapping

from aiokafka import TopicPartition

from app.clock import Instant
from app.shell.safe_clock import Offsets, SafeClock

GRACE_MS = 1_000
ORDERS, SCANS = TopicPartition("orders", 0), TopicPartition("scans", 0)
DIRECTORY = TopicPartition("directory", 0)


class Logs:
    """A cluster of three partitions; a record is its time, None a control record of a transaction."""

    def __init__(self) -> None:
        self.records: dict[TopicPartition, list[Instant | None]] = {ORDERS: [], SCANS: [], DIRECTORY: []}
        self.read: dict[TopicPartition, int] = {}
        self.looked = 0

    def append(self, tp: TopicPartition, *times: int | None) -> None:
        self.records[tp].extend(None if time is None else Instant(time) for time in times)

    def read_all(self, *partitions: TopicPartition) -> None:
        """Commit what a consumer would: up to after the last real record."""
        for tp in partitions:
            real = [offset for offset, time in enumerate(self.records[tp]) if time is not None]
            if real:
                self.read[tp] = real[-1] + 1

    async def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        wanted = set(topics)
        return [tp for tp in self.records if tp.topic in wanted]

    async def ends(self, partitions: list[TopicPartition]) -> Offsets:
        return {tp: len(self.records[tp]) for tp in partitions}

    async def committed(self) -> Offsets:
        return dict(self.read)

    async def oldest(self, starts: Offsets, ends: Offsets) -> Mapping[TopicPartition, Instant | None]:
        self.looked += 1
        return {
            tp: next((time for time in self.records[tp][start : ends[tp]] if time is not None), None)
            for tp, start in starts.items()
        }


JOURNEYS = TopicPartition("journeys", 0)


class Clock:
    """A safe clock over the logs, probed at given real times."""

    def __init__(self, logs: Logs) -> None:
        self.clock = SafeClock(logs, ["orders", "scans"], ["directory"], GRACE_MS)
        asyncio.run(self.clock.start())

    def at(self, real: int) -> Instant | None:
        return asyncio.run(self.clock.probe(Instant(real)))


def test_with_everything_read_the_clock_is_the_real_time() -> None:
    logs = Logs()
    logs.append(ORDERS, 1_000, 2_000)
    logs.read_all(ORDERS)
    clock = Clock(logs)
    assert clock.at(50_000) == 50_000
    assert clock.clock.lag_seconds(Instant(50_000)) == 0


def test_the_clock_stands_at_the_oldest_unread_record_plus_the_grace() -> None:
    logs = Logs()
    logs.append(ORDERS, 10_000, 20_000)
    logs.append(SCANS, 5_000)
    clock = Clock(logs)
    assert clock.at(90_000) == 5_000 + GRACE_MS
    logs.read_all(SCANS)
    assert clock.at(90_100) == 10_000 + GRACE_MS
    assert clock.clock.lag_seconds(Instant(90_100)) == 90.1 - 11
    logs.read_all(ORDERS)
    assert clock.at(90_200) == 90_200


def test_a_partition_never_committed_is_unread_from_its_beginning() -> None:
    logs = Logs()
    logs.append(SCANS, 7_000)
    assert Clock(logs).at(60_000) == 7_000 + GRACE_MS


def test_facts_that_wait_in_the_directory_hold_the_clock_at_the_time_their_input_was_known() -> None:
    """Their own records in the directory's log are younger than that, and not in the order of that time."""
    logs = Logs()
    logs.append(ORDERS, 10_000)
    clock = Clock(logs)
    assert clock.at(60_000) == 11_000
    logs.append(DIRECTORY, 60_050)
    logs.read_all(ORDERS)
    assert clock.at(60_100) == 11_000
    assert clock.at(75_000) == 11_000
    logs.read_all(DIRECTORY)
    assert clock.at(75_100) == 75_000 + 100


def test_a_directory_that_is_always_a_little_behind_does_not_hold_the_clock_for_ever() -> None:
    logs = Logs()
    clock = Clock(logs)
    for number in range(100):
        real = 100_000 + number * 250
        if number:
            logs.read_all(DIRECTORY)
        logs.append(DIRECTORY, real)
        now = clock.at(real)
    assert now is not None
    assert real - now < GRACE_MS


def test_input_read_with_a_delay_shorter_than_the_grace_needs_no_look_at_records() -> None:
    logs = Logs()
    clock = Clock(logs)
    clock.at(99_750)
    for number in range(20):
        real = 100_000 + number * 250
        logs.read_all(ORDERS)
        logs.append(ORDERS, real)
        assert clock.at(real) == real
    assert logs.looked == 0


def test_control_records_at_the_end_of_a_log_are_not_unread_input() -> None:
    logs = Logs()
    logs.append(ORDERS, 10_000, None)
    logs.append(DIRECTORY, 10_100, None)
    logs.read_all(ORDERS, DIRECTORY)
    clock = Clock(logs)
    clock.at(60_000)
    clock.at(61_500)
    assert clock.at(63_000) == 63_000


def test_the_clock_never_goes_back_even_when_the_machine_does() -> None:
    clock = Clock(Logs())
    assert clock.at(50_000) == 50_000
    assert clock.at(40_000) == 50_000


def test_lags_are_counted_for_every_partition() -> None:
    logs = Logs()
    logs.append(ORDERS, 1, 2, 3)
    logs.read[ORDERS] = 1
    clock = Clock(logs)
    clock.at(50_000)
    assert clock.clock.lags == {ORDERS: 2, SCANS: 0, DIRECTORY: 0}


def watching() -> tuple[Logs, SafeClock]:
    logs = Logs()
    logs.records[JOURNEYS] = []
    clock = SafeClock(logs, ["orders", "scans"], ["directory"], GRACE_MS, ["journeys"])
    asyncio.run(clock.start())
    return logs, clock


def test_what_is_unread_of_a_watched_log_is_told_and_the_clock_does_not_wait_for_it() -> None:
    logs, clock = watching()
    logs.append(JOURNEYS, 100, 200)
    assert asyncio.run(clock.probe(Instant(10_000))) == 10_000
    assert clock.lags[JOURNEYS] == 2
    logs.read_all(JOURNEYS)
    asyncio.run(clock.probe(Instant(10_250)))
    assert clock.lags[JOURNEYS] == 0


def test_the_ends_of_transactions_are_not_unread_for_ever() -> None:
    logs, clock = watching()
    logs.append(JOURNEYS, 100, None)
    logs.read_all(JOURNEYS)
    for at in range(10_000, 15_001, 250):
        asyncio.run(clock.probe(Instant(at)))
    assert clock.lags[JOURNEYS] == 0
    assert logs.looked == 1


def test_a_log_that_stands_with_a_record_in_it_stays_unread_and_is_looked_into_once() -> None:
    logs, clock = watching()
    logs.append(JOURNEYS, 100, None, 300)
    logs.read[JOURNEYS] = 1
    for at in range(10_000, 30_001, 250):
        asyncio.run(clock.probe(Instant(at)))
    assert clock.lags[JOURNEYS] == 2
    assert logs.looked == 1
