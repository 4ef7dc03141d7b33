"""What many customers ask one register is decided in one order, wherever a replay is cut."""

import asyncio
from collections.abc import Awaitable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from app.replay.offline import play_offline
from app.replay.recording import file_of
from app.replay.run import Told, load, replay
from app.replay.session import Session
from app.topics import Topic
from app.wire.codec import bundled_codec
from tests.support.register_like import make_month
from tests.support.replays import different_files
from tests.support.truth import read_rows


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("month") / "data"
    make_month(folder)
    return folder


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    run(data, out)
    return out


def run(data: Path, out: Path, *, partitions: int = 1, size: int = 2_000) -> None:
    def play(session: Session) -> Awaitable[Mapping[bytes, bytes]]:
        return play_offline(session, bundled_codec(), partitions=partitions)

    asyncio.run(replay(load("events", data), out, play, Told(lambda _: None, lambda _: None), size=size))


@pytest.mark.parametrize(("partitions", "size"), [(3, 2_000), (1, 1), (2, 7), (4, 40)])
def test_neither_partitions_nor_stretches_change_what_the_register_decides(
    data: Path, whole: Path, tmp_path: Path, partitions: int, size: int
) -> None:
    run(data, tmp_path, partitions=partitions, size=size)
    assert different_files(whole, tmp_path) == []


def test_the_month_asks_for_more_than_its_budget_and_never_gets_it(whole: Path) -> None:
    thanks = [row for row in read_rows(whole, file_of(Topic.REMEDIES)) if row["occasion"] == "thank_you"]
    paid = [Decimal(gesture["cost"]["amount"]) for row in thanks for gesture in row["gestures"]]
    assert len(thanks) > len(paid)
    assert sum(paid) == Decimal("10000.00")


def test_every_kind_of_question_was_asked(whole: Path) -> None:
    templates = {row["template"] for row in read_rows(whole, file_of(Topic.NOTICES))}
    assert templates >= {
        "budget_exhausted",
        "campaign_exclusions",
        "campaign_exclusions_checked",
        "hold_audio_sales",
        "offer_terms_gap",
        "on_hold",
    }
