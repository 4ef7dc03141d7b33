"""The keyed count in Quix Streams' own words; run by the Python of its own environment, which `make bench` sets up.

State in its RocksDB stores with changelogs, raw bytes in, checkpoints a second apart: the longer apart, the less often
stores and changelogs are flushed, says its documentation.
"""

from typing import Final

from quixstreams import Application, State

from benchmarks.counting.task import Task

COMMIT_SECONDS: Final = 1.0


def _count(_: bytes, state: State) -> None:
    state.set("count", state.get("count", 0) + 1)


def main() -> None:
    """Count until SIGTERM."""
    task = Task.from_environment()
    app = Application(
        broker_address=task.bootstrap,
        consumer_group=task.group,
        processing_guarantee="exactly-once" if task.guarantee == "exactly_once" else "at-least-once",
        auto_offset_reset="earliest",
        commit_interval=COMMIT_SECONDS,
        state_dir=task.folder,
        loglevel="WARNING",
    )
    events = app.topic(task.input, key_deserializer="bytes", value_deserializer="bytes")
    app.dataframe(events).update(_count, stateful=True)
    app.run()


if __name__ == "__main__":
    main()
