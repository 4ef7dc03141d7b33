"""What is said does not depend on the process that says it: Python orders its sets anew in each."""

import asyncio
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from app.clock import Instant
from app.decide.folder import load_folder, version_of
from app.journey.activation import activation
from app.replay import olist
from app.replay.offline import cluster_in_memory
from app.replay.source import Malformed
from app.replay.wire import records
from app.settings import ROOT
from app.stage import OutRecord
from app.topics import Topic
from app.wire.codec import bundled_codec
from tests.support.olist_like import make_olist


async def _bytes_said(data: Path) -> str:
    """Return a digest of the very bytes that come out: the result files of a replay sort the fields again."""
    files = load_folder(ROOT / "policies" / "default")
    timeline = olist.load(data)
    found = list(records(timeline.events(), None, _refuse))
    cluster = cluster_in_memory(bundled_codec(), 1)
    await cluster.publish([activation(version_of(files), files, Instant(0), 0)])
    await cluster.publish([OutRecord(one.topic, one.key, one.value, one.headers) for one in found])
    for log in (Topic.DIRECTORY, Topic.JOURNEY_LOG):
        await cluster.tick(log, found[-1].known_at)
    said = await cluster.outputs()
    assert any(record.topic is Topic.DECISIONS for record in said)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _refuse(row: Malformed) -> None:
    raise AssertionError(row)


def _in_a_process(data: Path, seed: str) -> str:
    command = [sys.executable, "-m", "tests.properties.test_same_in_every_process", str(data)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True, text=True).stdout


def test_two_processes_that_order_their_sets_differently_say_the_same_bytes(tmp_path: Path) -> None:
    make_olist(tmp_path, orders=96)
    digests = {_in_a_process(tmp_path, seed) for seed in ("1", "2", "3")}
    assert len(digests) == 1
    assert digests != {""}


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(_bytes_said(Path(sys.argv[1]))))
