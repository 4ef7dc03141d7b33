"""What a replay gives depends on the data and the policy, and on nothing else."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.clock import Instant, from_iso
from app.replay.offline import play_offline
from app.replay.recording import file_of
from app.replay.run import Told, load, replay
from app.replay.session import Session
from app.replay.source import Malformed
from app.topics import OUTPUTS
from app.wire.codec import bundled_codec
from tests.support.incidents_like import make_incidents
from tests.support.olist_like import make_olist
from tests.support.replays import different_files
from tests.support.truth import incident_faults, olist_faults, read_rows

SOURCES = ("olist", "incidents")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_olist(folder / "olist", orders=320)
    make_incidents(folder / "incidents", incidents=80)
    return folder


@pytest.fixture(scope="module")
def results(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    for source in SOURCES:
        run(source, data, folder / source)
    return folder


def run(
    source: str, data: Path, out: Path, *, partitions: int = 1, size: int = 2_000, until: Instant | None = None
) -> dict[str, Any]:
    def play(session: Session) -> Awaitable[Mapping[bytes, bytes]]:
        return play_offline(session, bundled_codec(), partitions=partitions)

    told = Told(lambda _: None, lambda _: None)
    return asyncio.run(replay(load(source, data), out, play, told, until=until, size=size))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("partitions", "size"), [(1, 2_000), (3, 150), (2, 1)])
def test_neither_partitions_nor_the_length_of_a_stretch_change_a_byte(
    data: Path, results: Path, tmp_path: Path, source: str, partitions: int, size: int
) -> None:
    run(source, data, tmp_path, partitions=partitions, size=size)
    assert different_files(results / source, tmp_path) == []


@pytest.mark.parametrize(("source", "faults"), [("olist", olist_faults), ("incidents", incident_faults)])
def test_the_result_says_what_the_data_says(
    data: Path, results: Path, source: str, faults: Callable[[Path, Path], list[str]]
) -> None:
    assert faults(data / source, results / source) == []


@pytest.mark.parametrize("until", ["2017-12-24T12:00:00Z", "2018-02-18T02:59:59.999Z"])
def test_what_was_said_by_a_time_does_not_depend_on_what_came_later(
    data: Path, results: Path, tmp_path: Path, until: str
) -> None:
    stopped = run("olist", data, tmp_path, until=from_iso(until))
    assert from_iso(str(stopped["clock_stopped_at"])) == from_iso(until)
    for topic in OUTPUTS:
        whole = read_rows(results / "olist", file_of(topic))
        assert read_rows(tmp_path, file_of(topic)) == [
            row for row in whole if from_iso(row["at"]) <= from_iso(until)
        ], topic


def test_the_clock_stops_at_the_last_event_unless_told_to_go_on(data: Path, results: Path, tmp_path: Path) -> None:
    summary = json.loads((results / "olist" / "summary.json").read_bytes())
    assert summary["clock_stopped_at"] == summary["last_event"]
    last = from_iso(summary["last_event"])
    late = run("olist", data, tmp_path, until=Instant(last + 30 * 24 * 3_600_000))
    assert late["events"] == summary["events"]
    assert late["outputs"]["decisions"] > summary["outputs"]["decisions"]


def test_every_malformed_row_is_told_and_listed_once(data: Path, results: Path) -> None:
    told: list[Malformed] = []
    load_told = load("olist", data)
    told.extend(load_told.malformed)
    listed = read_rows(results / "olist", "malformed.jsonl")
    assert [(row["file"], row["line"]) for row in listed] == sorted((row.file, row.line) for row in told)


def test_an_event_that_the_product_refuses_becomes_a_dead_letter_with_its_place_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    payload = {"occurred_at": "1970-01-01T00:00:00Z", "order_id": "1001", "customer_id": "ann"}
    lines = [
        {
            "topic": "orders",
            "known_at": f"2026-07-10T09:00:0{second}Z",
            "value": {"event": "order_placed", "payload": {**payload, **({"occurred_at": at} if at else {})}},
        }
        for second, at in enumerate((None, "2026-07-10T09:00:00Z"))
    ]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    run("events", file, tmp_path / "out")
    (letter,) = read_rows(tmp_path / "out", "dead-letters.jsonl")
    assert (letter["reason"], letter["field"], letter["offset"]) == ("invalid_field", "occurred_at", 1)
    assert [row["journey_id"] for row in read_rows(tmp_path / "out", "journeys.jsonl")] == ["order:1001"]
