"""Stock Faust, as its documentation recommends it for throughput: a table, one message at a time.

uvloop, compiled streams, raw bytes, a producer that lingers, table state in memory, no web server.
"""

import faust
import uvloop

from benchmarks.counting.task import Task
from benchmarks.faust_app import faust_app

_COMMIT_SECONDS = 1.0


def build(task: Task) -> faust.App:
    """Return the app: one agent, one table."""
    app = faust_app(task.group, task.bootstrap, task.guarantee, _COMMIT_SECONDS, task.folder)
    events = app.topic(task.input, key_type=bytes, value_type=bytes)
    changelog = app.topic(task.changelog, key_type=bytes, value_serializer="json")
    counts = app.Table("count", default=int, partitions=task.partitions, key_type=bytes, changelog_topic=changelog)

    async def count(stream: faust.Stream[bytes]) -> None:
        async for event in stream.events():
            counts[event.key] += 1

    app.agent(events, name="count")(count)
    return app


def main() -> None:
    """Count until SIGTERM."""
    uvloop.install()
    worker = faust.Worker(build(Task.from_environment()), loglevel="warning", redirect_stdouts=False, quiet=True)
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
