"""A snapshot taken while workers are at it, and the window after it, replay to what was said and to the same states."""

import asyncio
import json
import shutil
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from click.testing import CliRunner, Result

from app.cli import cli
from app.main import Stages, stages
from app.replay.live_log import LiveLog
from app.replay.snapshot.folder import open_snapshot, read_states
from app.replay.snapshot.playing import Hear, play_log
from app.replay.workers import environment_of
from app.stage import KeyedStage, OutRecord
from app.topics import OUTPUTS, Topic
from app.wire.codec import bundled_codec
from chaos.check import Line, Logs, read_all
from chaos.diary import Diary
from chaos.ground import Ground, ground
from chaos.run import settle

pytestmark = pytest.mark.expects_error_log("")  # of topics just made, and of a worker that was killed

_RATE: Final = 4.0
_SECONDS: Final = 2.0
_FIRST: Final = 12
"""Decisions before the snapshot; the end of a transaction counts as one."""


class Taken:
    """What a run leaves behind: a snapshot of its middle and one of its end, and everything that is on the topics."""

    def __init__(self, folder: Path, logs: Logs, place: Ground) -> None:
        self.middle = open_snapshot(folder / "middle")
        self.end = open_snapshot(folder / "end")
        self.logs = logs
        self.place = place

    def said(self, topic: Topic) -> Counter[Line]:
        return Counter(
            (topic, record.key, record.value) for place in self.place.places(topic) for record in self.logs[place]
        )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Taken, Path, Mapping[str, str]]:
    folder = tmp_path_factory.mktemp("snapshot")
    environment: dict[str, str] = {}
    taken = asyncio.run(_run(folder, environment))
    return taken, folder, environment


async def _run(folder: Path, environment: dict[str, str]) -> Taken:
    diary = Diary(folder / "run.jsonl", quiet=True)
    async with ground(folder, Random(11), diary, rate=_RATE) as place:
        environment |= environment_of(place.kafka, place.settings)

        async def says(*arguments: str | Path) -> Result:
            return await asyncio.to_thread(invoked, environment, *arguments)

        place.crew.start(0)
        producing = asyncio.ensure_future(place.producer.run())
        while await place.written(Topic.DECISIONS) < _FIRST:
            place.crew.tend()
            await asyncio.sleep(0.1)
        taken = await says("snapshot", "take", folder / "middle")
        assert taken.exit_code == 0, taken.output
        assert not producing.done()
        # whoever dies after the snapshot has left what the window must tell
        place.crew.members[0].signal(signal.SIGKILL)
        place.crew.members[0].child.wait()
        place.crew.tend()
        await asyncio.sleep(_SECONDS)
        grown = await says("snapshot", "window", folder / "middle")
        assert grown.exit_code == 0, grown.output
        place.producer.enough()
        await producing
        assert await settle(place) is not None
        await asyncio.to_thread(place.crew.stop)
        longer = await says("snapshot", "window", folder / "middle")
        assert longer.exit_code == 0, longer.output
        assert (await says("snapshot", "take", folder / "end")).exit_code == 0
        everything = await read_all(place)
        await _refusals(place, folder, environment)
        return Taken(folder, everything, place)


async def _refusals(place: Ground, folder: Path, environment: Mapping[str, str]) -> None:
    """Let retention take what the snapshot of the middle needs, and keep what a window is then refused with."""
    lost = next(
        spot
        for spot in place.places(Topic.JOURNEY_LOG)
        if open_snapshot(folder / "end").snapshot.starts[Topic.JOURNEY_LOG][spot.partition].offset > 0
    )
    (folder / "lost.json").write_text(json.dumps([lost.topic, lost.partition]))
    shutil.copytree(folder / "middle", folder / "kept")
    (folder / "kept" / "window.json").unlink()
    admin = AIOKafkaAdminClient(**place.connection)
    await admin.start()
    ends = open_snapshot(folder / "end").snapshot.starts[Topic.JOURNEY_LOG][lost.partition].offset
    await admin.delete_records({lost: RecordsToDelete(before_offset=ends)})
    await admin.close()
    refused = await asyncio.to_thread(invoked, environment, "snapshot", "window", folder / "kept")
    (folder / "refused.json").write_text(json.dumps([refused.exit_code, refused.output]))
    elsewhere = {**environment, "MAKEGOOD_TOPIC_PREFIX": "elsewhere."}
    refused = await asyncio.to_thread(invoked, elsewhere, "snapshot", "window", folder / "kept")
    (folder / "elsewhere.json").write_text(json.dumps([refused.exit_code, refused.output]))


def invoked(environment: Mapping[str, str], *arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments], env=dict(environment))


def deciding() -> Iterator[KeyedStage]:
    made: Stages = stages(bundled_codec(), data_clock=False)
    yield from (made.directory, made.journeys, made.register)


def test_states_and_outputs_after_the_snapshot_are_those_of_live(run: tuple[Taken, Path, Mapping[str, str]]) -> None:
    taken, _, _ = run
    after: Counter[Line] = Counter()
    before: Counter[Line] = Counter()
    for stage in deciding():
        for place in taken.place.places(stage.log):
            heard: list[OutRecord] = []
            end = play_log(taken.middle, stage, place.partition, _into(heard), lambda _: None)
            assert end.table == read_states(taken.end, stage.log, place.partition)
            after.update((each.topic, each.key, each.value) for each in heard)
            begun = taken.middle.snapshot.starts[stage.log][place.partition].offset
            first = LiveLog(stage, place.partition)
            first.replay([record for record in taken.logs[place] if record.offset < begun])
            before.update((each.topic, each.key, each.value) for each in first.said)
    for topic in OUTPUTS:
        if topic is not Topic.DEAD_LETTERS:
            # those of intake are said of inputs, which are not replayed
            ours = Counter({line: count for line, count in after.items() if line[0] is topic})
            earlier = Counter({line: count for line, count in before.items() if line[0] is topic})
            assert ours + earlier == taken.said(topic)
    assert any(line[0] is Topic.DECISIONS for line in before)
    assert any(line[0] is Topic.DECISIONS for line in after)


def _into(heard: list[OutRecord]) -> Hear:
    return lambda output, _: heard.append(output)


def test_the_command_writes_each_output_of_live_once_with_its_id(
    run: tuple[Taken, Path, Mapping[str, str]], tmp_path: Path
) -> None:
    taken, folder, environment = run
    result = invoked(environment, "replay", "snapshot", "--data", folder / "middle", "--out", tmp_path, "--json")
    assert result.exit_code == 0, result.output
    ids = Counter(json.loads(line)["id"] for line in (tmp_path / "decisions.jsonl").read_text().splitlines())
    assert ids
    assert max(ids.values()) == 1
    values = b"".join(value or b"" for _, _, value in taken.said(Topic.DECISIONS))
    assert [found for found in ids if found.encode() not in values] == []


def test_a_log_that_does_not_reach_back_is_named_with_what_is_needed(
    run: tuple[Taken, Path, Mapping[str, str]],
) -> None:
    taken, folder, _ = run
    topic, partition = json.loads((folder / "lost.json").read_text())
    code, output = json.loads((folder / "refused.json").read_text())
    needed = taken.middle.snapshot.starts[Topic.JOURNEY_LOG][partition].offset
    there = taken.end.snapshot.starts[Topic.JOURNEY_LOG][partition].offset
    assert code == 2
    assert f"{topic} partition {partition} begins at offset {there} now" in output
    assert f"needs it from {needed} on" in output


def test_the_window_of_another_namespace_is_refused(run: tuple[Taken, Path, Mapping[str, str]]) -> None:
    code, output = json.loads((run[1] / "elsewhere.json").read_text())
    assert code == 2
    assert "MAKEGOOD_TOPIC_PREFIX" in output
