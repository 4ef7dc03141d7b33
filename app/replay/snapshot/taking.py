"""Taking a snapshot from a cluster into a folder, and the window of the logs that follows it."""

from collections.abc import Callable
from pathlib import Path

from app.clock import Instant, to_iso
from app.errors import SetupError
from app.replay.snapshot.folder import (
    FORMAT,
    Appending,
    Opened,
    Part,
    Snapshot,
    Span,
    Start,
    Window,
    new_folder,
    open_snapshot,
    remove,
    states_file,
    window_file,
    write_states,
    write_whole,
)
from app.settings import KafkaSettings, WorkerSettings
from app.shell.safe_clock import wall_clock
from app.shell.snapshots import Bounds, SnapshotReader
from app.topics import LOGS, Topic

Told = Callable[[str, int], None]
"""Told how many records a file has got."""


async def take(kafka: KafkaSettings, worker: WorkerSettings, folder: Path, told: Told) -> Snapshot:
    """Write the states as they are now, each partition's with its place in its log; workers may be at it meanwhile.

    What was written of a taking that fails is removed again. SetupError: see `SnapshotReader`.
    """
    new_folder(folder)
    parts: dict[str, Part] = {}
    starts: dict[str, tuple[Start, ...]] = {}
    names: list[str] = []
    try:
        async with SnapshotReader(kafka, worker) as reader:
            for log in LOGS:
                begun = []
                for partition in range(await reader.partitions()):
                    states = await reader.states(log, partition)
                    begun.append(Start(states.worked.offset, states.worked.clock))
                    names.append(name := states_file(log, partition))
                    parts[name] = write_states(folder, name, states.table)
                    told(name, parts[name].records)
                starts[log] = tuple(begun)
        said = Snapshot(FORMAT, to_iso(Instant(wall_clock())), worker.topic_prefix, starts, parts)
        write_whole(folder, said)
    except BaseException:
        remove(folder, names)
        raise
    return said


async def take_window(kafka: KafkaSettings, worker: WorkerSettings, folder: Path, told: Told) -> Window:
    """Add to a snapshot what its logs hold from its places on, or from where an earlier window ends, up to now.

    The window that was there stays whole until the longer one is. SetupError when the logs do not reach back so far.
    """
    opened = open_snapshot(folder)
    if worker.topic_prefix != opened.snapshot.topic_prefix:
        raise SetupError(
            f"{folder} is of the namespace {opened.snapshot.topic_prefix!r}, and MAKEGOOD_TOPIC_PREFIX is "
            f"{worker.topic_prefix!r}"
        )
    parts: dict[str, Part] = {}
    spans: dict[str, tuple[Span, ...]] = {}
    async with SnapshotReader(kafka, worker) as reader:
        _require_partitions(opened, await reader.partitions())
        worked = await reader.worked()
        # asked of all before anything is written: a window that is refused leaves the folder as it was
        bounds = {place: await reader.bounds(*place) for place in _places(opened)}
        for place, known in bounds.items():
            reader.require(*place, _begins(opened, *place), known)
        for log in LOGS:
            reached = []
            for partition in range(len(opened.snapshot.starts[log])):
                name = window_file(log, partition)
                parts[name], kept = await _add(reader, opened, (log, partition), bounds[log, partition])
                # the place of a snapshot may be behind what is no record, where the group has not gone
                begun = opened.snapshot.starts[log][partition].offset
                reached.append(Span(max(begun, worked.get((log, partition), 0)), kept))
                told(name, parts[name].records)
            spans[log] = tuple(reached)
    said = Window(FORMAT, to_iso(Instant(wall_clock())), spans, parts)
    write_whole(folder, said)
    return said


def _places(opened: Opened) -> list[tuple[Topic, int]]:
    return [(log, partition) for log in LOGS for partition in range(len(opened.snapshot.starts[log]))]


def _begins(opened: Opened, log: Topic, partition: int) -> int:
    """Return from where on a log is needed: its window's end, or else the snapshot's place."""
    if opened.window is None:
        return opened.snapshot.starts[log][partition].offset
    return opened.window.spans[log][partition].kept


async def _add(reader: SnapshotReader, opened: Opened, place: tuple[Topic, int], bounds: Bounds) -> tuple[Part, int]:
    name = window_file(*place)
    before = None if opened.window is None else opened.window.parts.get(name)
    with Appending(opened.folder / name, before) as file:
        async for record in reader.window(*place, _begins(opened, *place), bounds):
            file.add_record(record)
        return file.part(), bounds.ends


def _require_partitions(opened: Opened, there: int) -> None:
    taken = {len(starts) for starts in opened.snapshot.starts.values()}
    if taken != {there}:
        raise SetupError(
            f"the logs have {there} partitions now, and {opened.folder} is of "
            f"{', '.join(map(str, sorted(taken)))}: take a snapshot anew"
        )
