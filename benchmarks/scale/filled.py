"""A place whose changelogs hold a population already, and a worker that takes it over."""

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from typing import Final, NamedTuple

from app.errors import SetupError
from app.settings import KafkaSettings
from app.stage import OutRecord
from benchmarks.place import MAKEGOOD, Contender, Place, place, running
from benchmarks.scale.population import Entry, rows

_READY: Final = 200
_CHUNK: Final = 20_000
_LOOK_SECONDS: Final = 0.05
_PATIENCE: Final = 300.0


class Filled(NamedTuple):
    """What was written: rows and the bytes of their keys and values."""

    rows: int
    bytes: int


class Readiness(NamedTuple):
    """How a worker came to be ready: seconds since its process began, those of reading back, its answers till then."""

    seconds: float
    restoring: float
    said: tuple[str, ...]


async def fill(where: Place, entries: Iterator[Entry]) -> Filled:
    """Write a population to the changelogs, as its workers would have left it."""
    written, size = 0, 0
    records = rows(entries, where.settings.partitions)
    while chunk := list(islice(records, _CHUNK)):
        await asyncio.gather(*await where.writer.send(chunk))
        written += len(chunk)
        size += sum(map(_size, chunk))
    return Filled(written, size)


def _size(record: OutRecord) -> int:
    return len(record.key or b"") + len(record.value or b"")


async def ready(contender: Contender) -> Readiness:
    """Wait until the worker says that it has caught up; SetupError when it does not within five minutes."""
    began = time.monotonic()
    said: dict[str, None] = {}
    recovering: float | None = None
    while time.monotonic() - began < _PATIENCE:
        contender.require_alive()
        status, answer = await asyncio.to_thread(_ask, contender.web_port)
        if status == _READY:
            at = time.monotonic()
            return Readiness(at - began, at - (recovering or at), tuple(said))
        said[answer.split(",")[0]] = None
        if recovering is None and answer.startswith("recovering"):
            recovering = time.monotonic()
        await asyncio.sleep(_LOOK_SECONDS)
    raise SetupError(f"the worker was not ready within {_PATIENCE:.0f} s; see {contender.log}")


def _ask(port: int, path: str = "/readyz") -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode().strip()
    except OSError:
        return 0, "not there yet"


def is_ready(contender: Contender) -> bool:
    """Ask the worker whether it works all its partitions."""
    return _ask(contender.web_port)[0] == _READY


def metric(contender: Contender, name: str) -> float:
    """Return the sum over all labels of one of the worker's metrics."""
    _, page = _ask(contender.web_port, "/metrics")
    return sum(
        float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith((f"{name}{{", f"{name} "))
    )


@contextmanager
def running_worker(where: Place) -> Iterator[Contender]:
    """Run a worker in the place until left; it may not be ready yet."""
    with running(where, *MAKEGOOD) as contender:
        yield contender


@asynccontextmanager
async def filled(kafka: KafkaSettings, entries: Iterator[Entry]) -> AsyncIterator[tuple[Place, Filled]]:
    """Open a namespace whose changelogs hold these rows."""
    async with place(kafka) as where:
        yield where, await fill(where, entries)
