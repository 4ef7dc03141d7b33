"""Changelogs as a version wrote them: `python -m tests.support.golden_changelogs NAME` keeps today's under a new name.

Never write over a name: what stands there was written by the code of its time, and every later one must read it.
"""

import asyncio
import base64
import gzip
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from app.clock import Instant
from app.replay.offline import cluster_in_memory
from app.replay.player import play
from app.replay.run import Told, load, replay
from app.replay.session import Session
from app.replay.source import Timeline
from app.settings import ROOT
from app.topics import CHANGELOGS, Topic
from app.wire.codec import bundled_codec

FOLDER = ROOT / "tests" / "fixtures" / "changelogs"

Changelogs = dict[Topic, dict[bytes, bytes]]


def names() -> list[str]:
    """Return the versions that are kept, the oldest first."""
    return sorted(path.name for path in FOLDER.iterdir())


def kept(name: str) -> Changelogs:
    """Return the changelogs of a version."""
    return {topic: _read(FOLDER / name / f"{topic}.jsonl.gz") for topic in CHANGELOGS}


def written_today() -> Changelogs:
    """Return what today's code writes: the bundled stories in the middle of them, so that much is open."""
    timeline = load("stories", None)
    known = sorted(event.known_at for event in timeline.events())
    found: Changelogs = {}
    for moment in (known[len(known) // 3], known[2 * len(known) // 3]):
        for topic, states in _until(timeline, moment).items():
            found.setdefault(topic, {}).update(states)
    return found


def _until(timeline: Timeline, moment: Instant) -> Changelogs:
    found: Changelogs = {}

    async def playing(session: Session) -> Mapping[bytes, bytes]:
        cluster = cluster_in_memory(bundled_codec(), 1)
        states = await play(session, cluster)
        found.update({topic: dict(await cluster.states(topic)) for topic in CHANGELOGS})
        return states

    with tempfile.TemporaryDirectory() as folder:
        told = Told(lambda _: None, lambda _: None)
        asyncio.run(replay(timeline, Path(folder), playing, told, until=moment))
    return found


def _read(file: Path) -> dict[bytes, bytes]:
    with gzip.open(file, "rt", encoding="ascii") as lines:
        records = [json.loads(line) for line in lines]
    return {base64.b64decode(one["key"]): base64.b64decode(one["value"]) for one in records}


def _write(file: Path, states: Mapping[bytes, bytes]) -> None:
    text = "".join(
        json.dumps({"key": base64.b64encode(key).decode(), "value": base64.b64encode(value).decode()}) + "\n"
        for key, value in sorted(states.items())
    )
    file.write_bytes(gzip.compress(text.encode("ascii"), mtime=0))


def main(name: str) -> None:
    folder = FOLDER / name
    folder.mkdir(parents=True)
    for topic, states in written_today().items():
        _write(folder / f"{topic}.jsonl.gz", states)


if __name__ == "__main__":
    main(sys.argv[1])
