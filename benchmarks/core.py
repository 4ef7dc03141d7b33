"""The stages in one process without Kafka: the ceiling of every contender, and what each part of it costs."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from app.clock import Instant
from app.decide.folder import load_folder, version_of
from app.emit.records import Emit
from app.facts import decode_entry, decode_fact, encode_entry, encode_fact
from app.journey.activation import activation
from app.main import Stages, stages
from app.settings import WorkerSettings
from app.shell.batching import partition_of
from app.shell.garbage import set_apart_what_stays
from app.shell.time_index import TimeIndex
from app.stage import Effects, KeyedStage, LogRecord, OutRecord, Round
from app.topics import INPUTS, LOGS, Topic
from app.wire.codec import bundled_codec

PARTITIONS: Final = 4
_NOTHING_DUE: Final = Instant(0)


class Partition:
    """One partition of a keyed stage: its log so far unread, its table, its deadlines."""

    def __init__(self, stage: KeyedStage, number: int) -> None:
        self.table: dict[bytes, bytes] = {}
        self.log: list[LogRecord] = []
        self._stage = stage
        self._number = number
        self._offset = 0
        self._index = TimeIndex(lambda key: stage.next_due(self.table[key]) if key in self.table else None)

    def append(self, record: OutRecord, at: Instant) -> None:
        """Append to the log."""
        self.log.append(LogRecord(record.key, record.value, at, self._stage.log, self._number, self._offset, ()))
        self._offset += 1

    def work(self) -> Sequence[OutRecord]:
        """Work the whole log in one round and take over its changes, as a worker does."""
        records, self.log = self.log, []
        effects = self._stage.work(Round(self._number, records, (), _NOTHING_DUE), self.table)
        self._apply(effects)
        return effects.outputs

    def hold(self, key: bytes, value: bytes) -> None:
        """Take over a state, as one that was read back from a changelog."""
        self.table[key] = value
        due = self._stage.next_due(value)
        if due is not None:
            self._index.add(key, due)

    def fire(self, until: Instant) -> Sequence[OutRecord]:
        """Fire every deadline up to an instant, and what that lets run out, in rounds of their own."""
        outputs: list[OutRecord] = []
        while (due := self._index.peek(until)).keys:
            effects = self._stage.work(Round(self._number, (), due.keys, until), self.table)
            self._apply(effects)
            outputs.extend(effects.outputs)
        return outputs

    def _apply(self, effects: Effects) -> None:
        for key, value in effects.changes.items():
            if value is None:
                self.table.pop(key, None)
                continue
            due = effects.next_due[key]
            if due is not None and (key not in self.table or self._stage.next_due(self.table[key]) != due):
                self._index.add(key, due)
            self.table[key] = value


def keyed_stages(all_stages: Stages) -> tuple[KeyedStage, ...]:
    """Return the stages with state, in the order that a fact passes them."""
    return (all_stages.directory, all_stages.journeys, all_stages.register)


class Core:
    """The stages over memory; `seconds` says how long each has worked."""

    def __init__(self) -> None:
        self.stages: Stages = stages(bundled_codec(), data_clock=False)
        self.keyed = keyed_stages(self.stages)
        self.logs = {stage.log: [Partition(stage, number) for number in range(PARTITIONS)] for stage in self.keyed}
        self.names = {stage.log: stage.name for stage in self.keyed}
        self.seconds = dict.fromkeys(("intake", *self.names.values()), 0.0)
        self.outputs: list[OutRecord] = []
        self.kept: dict[Topic, list[OutRecord]] = {topic: [] for topic in LOGS}
        self._offset = 0
        files = load_folder(WorkerSettings().policy_dir)
        version, at = version_of(files), Instant(0)
        for log in (Topic.JOURNEY_LOG, Topic.REGISTER_LOG):
            self._route((activation(version, files, at, number, log) for number in range(PARTITIONS)), at)
            self._work(log, at)
        self.seconds = dict.fromkeys(self.seconds, 0.0)
        set_apart_what_stays()

    def feed(self, records: Sequence[OutRecord], at: Instant) -> None:
        """Take input records through all stages."""
        began = time.process_time()
        admitted = [out for record in records for out in self.stages.intake.admit(self._input(record, at))]
        self.seconds["intake"] += time.process_time() - began
        self._route(admitted, at)
        self._settle(at)

    def hold(self, rows: Iterable[tuple[Topic, bytes, bytes]]) -> None:
        """Take over changelog rows: which changelog, key and value."""
        places = {stage.changelog: self.logs[stage.log] for stage in self.keyed}
        for changelog, key, value in rows:
            places[changelog][partition_of(key, PARTITIONS)].hold(key, value)

    def advance(self, until: Instant) -> None:
        """Let time pass: deadlines up to an instant fire, and what follows from them is worked."""
        for log, partitions in self.logs.items():
            for partition in partitions:
                began = time.process_time()
                outputs = partition.fire(until)
                self.seconds[self.names[log]] += time.process_time() - began
                self._route(outputs, until)
        self._settle(until)

    def _settle(self, at: Instant) -> None:
        while any(partition.log for partitions in self.logs.values() for partition in partitions):
            for log in self.logs:
                self._work(log, at)

    def _input(self, record: OutRecord, at: Instant) -> LogRecord:
        self._offset += 1
        return LogRecord(record.key, record.value, at, record.topic, 0, self._offset, ())

    def _work(self, log: Topic, at: Instant) -> None:
        for partition in self.logs[log]:
            if not partition.log:
                continue
            began = time.process_time()
            outputs = partition.work()
            self.seconds[self.names[log]] += time.process_time() - began
            self._route(outputs, at)

    def _route(self, records: Iterable[OutRecord], at: Instant) -> None:
        for record in records:
            partitions = self.logs.get(record.topic)
            if partitions is None:
                self.outputs.append(record)
                continue
            self.kept[record.topic].append(record)
            number = partition_of(record.key or b"", PARTITIONS) if record.partition is None else record.partition
            partitions[number].append(record, at)


class Ceiling(NamedTuple):
    """Processor time per input event of each part, events a second of all, and what was written per event."""

    events: int
    events_per_second: float
    micros: dict[str, float]
    codec_micros: dict[str, float]
    written_per_event: dict[str, float]
    state_bytes: dict[str, float]


def ceiling(records: Sequence[OutRecord], now: Instant, chunk: int) -> Ceiling:
    """Take a load through the core in stretches of `chunk` records and say what it cost."""
    core = Core()
    for start in range(0, len(records), chunk):
        core.feed(records[start : start + chunk], now)
    micros = {name: seconds / len(records) * 1e6 for name, seconds in core.seconds.items()}
    written = {str(topic): len(kept) / len(records) for topic, kept in core.kept.items()}
    for topic in sorted({output.topic for output in core.outputs}):
        written[str(topic)] = sum(output.topic is topic for output in core.outputs) / len(records)
    return Ceiling(
        events=len(records),
        events_per_second=len(records) / sum(core.seconds.values()),
        micros=micros,
        codec_micros=_codec(core, records),
        written_per_event=written,
        state_bytes={str(log): _mean_bytes(partitions) for log, partitions in core.logs.items()},
    )


def _mean_bytes(partitions: Sequence[Partition]) -> float:
    sizes = [len(value) for partition in partitions for key, value in partition.table.items() if key[:1] != b"\0"]
    return sum(sizes) / max(1, len(sizes))


def _codec(core: Core, records: Sequence[OutRecord]) -> dict[str, float]:
    """Return what reading and writing records costs by itself, per input event: it is a part of the stages' time."""
    codec = bundled_codec()
    entries = [record.value or b"" for record in core.kept[Topic.DIRECTORY]]
    facts = [record.value or b"" for record in core.kept[Topic.JOURNEY_LOG] if record.key is not None]
    emit = Emit(codec)
    read = [emit.decode(output.topic, output.value) for output in core.outputs]
    said = [output for output in read if output is not None]
    read_entries, read_facts = [decode_entry(value) for value in entries], [decode_fact(value) for value in facts]
    timed: Mapping[str, tuple[Callable[[Any], Any], Sequence[Any]]] = {
        "inputs from Avro": (codec.decode, [record.value for record in records if record.topic in INPUTS]),
        "log entries to msgpack": (encode_entry, read_entries),
        "log entries from msgpack": (decode_entry, entries),
        "facts to msgpack": (encode_fact, read_facts),
        "facts from msgpack": (decode_fact, facts),
        "outputs to Avro": (emit.record, said),
    }
    return {name: _seconds(work, items) / len(records) * 1e6 for name, (work, items) in timed.items()}


def _seconds(work: Callable[[Any], Any], items: Sequence[Any]) -> float:
    began = time.process_time()
    for item in items:
        work(item)
    return time.process_time() - began
