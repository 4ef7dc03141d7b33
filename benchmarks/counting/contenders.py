"""The engines that count, how each is started and set up, and how its changelog is read."""

import json
import re
import struct
import sys
from importlib.metadata import version
from typing import Final, Literal, NamedTuple

from app.broker.java import find_java
from app.settings import ROOT
from benchmarks.counting.ground import Decode
from benchmarks.counting.makegood import FETCH_BYTES, SLICE_RECORDS
from benchmarks.counting.task import Guarantee, Task
from benchmarks.place import QUIX_PYTHON

_STREAMS: Final = ROOT / "benchmarks" / "kafka_streams"
STREAMS_CLASSES: Final = _STREAMS / "target" / "classes" / "makegood" / "KeyedCount.class"
_LONG: Final = struct.Struct(">q")

Store = Literal["rocksdb", "memory"]
_STORES: Final[dict[Store, str]] = {"rocksdb": "RocksDB store (the default)", "memory": "in-memory store"}


class Engine(NamedTuple):
    """One engine in one setting; `changelog` names its changelog with the task's fields.

    `warm_seconds`: how long it runs before the clock does; a JVM compiles itself meanwhile.
    """

    name: str
    guarantee: Guarantee
    version: str
    settings: str
    command: tuple[str, ...]
    changelog: str
    decode: Decode | None
    rounds: int
    warm_seconds: float
    also: tuple[tuple[str, str], ...] = ()

    @property
    def group(self) -> str:
        """The stem of its groups' names."""
        return re.sub(r"[^a-z]+", "-", f"{self.name} {self.guarantee}".lower())

    def changelog_of(self, task: Task) -> str:
        """Return the name of its changelog on the cluster."""
        return self.changelog.format(**task._asdict())


def _long(key: bytes, value: bytes) -> tuple[bytes, int]:
    return key, _LONG.unpack(value)[0]


def _json(key: bytes, value: bytes) -> tuple[bytes, int]:
    return key, int(json.loads(value))


def _quix(key: bytes, value: bytes) -> tuple[bytes, int]:
    return key.rpartition(b"|")[0], int(json.loads(value))


def _jar_version(name: str) -> str:
    jars = sorted((_STREAMS / "target" / "jars").glob(f"{name}-[0-9]*.jar"))
    return f"{jars[0].stem.removeprefix(f'{name}-')}, Java" if jars else "not set up"


def _quix_version() -> str:
    wanted = (ROOT / "benchmarks" / "quix_streams" / "requirements.in").read_text(encoding="utf-8")
    return wanted.strip().rpartition("==")[2]


def engines() -> list[Engine]:
    """Return the engines in the order in which they take turns; ours first."""
    exactly: Guarantee = "exactly_once"
    least: Guarantee = "at_least_once"
    return [
        _makegood(),
        _kafka_streams(exactly, 3, "rocksdb"),
        _kafka_streams(exactly, 3, "memory"),
        _quix_streams(exactly, 3),
        _stock_faust(exactly, 1),
        _floor(exactly, 3),
        _kafka_streams(least, 1, "rocksdb"),
        _quix_streams(least, 1),
        _stock_faust(least, 2),
        _floor(least, 1),
    ]


def _makegood() -> Engine:
    return Engine(
        "Makegood",
        "exactly_once",
        f"{version('makegood')} on aiokafka {version('aiokafka')}",
        f"state in memory, {FETCH_BYTES >> 20} MiB a fetch, a transaction per partition and {SLICE_RECORDS:,} records",
        (sys.executable, "-m", "benchmarks.counting.makegood"),
        "{changelog}",
        _long,
        rounds=3,
        warm_seconds=3,
    )


def _kafka_streams(guarantee: Guarantee, rounds: int, store: Store) -> Engine:
    settings = {"THREADS": "1", "STORE": store, "COMMIT_MS": "1000", "CACHE_BYTES": str(64 * 1024 * 1024)}
    jars = f"{_STREAMS / 'target' / 'classes'}:{_STREAMS / 'target' / 'jars'}/*"
    return Engine(
        "Kafka Streams" if store == "rocksdb" else "Kafka Streams, store in memory",
        guarantee,
        _jar_version("kafka-streams"),
        f"{_STORES[store]}, one stream thread, commits each second, 64 MiB record cache, 200 kB batches, linger 100 ms",
        (
            find_java(),
            "-Xms512m",
            "-Xmx1g",
            f"-Dlog4j2.configurationFile={_STREAMS / 'log4j2.xml'}",
            "-cp",
            jars,
            "makegood.KeyedCount",
        ),
        "{group}-count-changelog",
        _long,
        rounds,
        warm_seconds=10,
        also=tuple((f"COUNT_{name}", value) for name, value in settings.items()),
    )


def _quix_streams(guarantee: Guarantee, rounds: int) -> Engine:
    return Engine(
        "Quix Streams",
        guarantee,
        _quix_version(),
        "RocksDB store, checkpoints each second",
        (str(QUIX_PYTHON), "-m", "benchmarks.quix_streams.counting"),
        "changelog__{group}--{input}--default",
        _quix,
        rounds,
        warm_seconds=3,
    )


def _stock_faust(guarantee: Guarantee, rounds: int) -> Engine:
    return Engine(
        "stock Faust",
        guarantee,
        version("faust-streaming"),
        "table in memory, uvloop, linger 50 ms, commits each second",
        (sys.executable, "-m", "benchmarks.counting.stock_faust"),
        "{changelog}",
        _json,
        rounds,
        warm_seconds=3,
    )


def _floor(guarantee: Guarantee, rounds: int) -> Engine:
    return Engine(
        "the floor: aiokafka alone",
        guarantee,
        version("aiokafka"),
        "one record written for each read, in batches; nothing counted",
        (sys.executable, "-m", "benchmarks.counting.floor"),
        "{changelog}",
        None,
        rounds,
        warm_seconds=2,
    )
