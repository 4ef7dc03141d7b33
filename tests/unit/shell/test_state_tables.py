"""A partition's state: exact bytes, their size, and what a restore refuses."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.clock import Instant
from app.shell.state_tables import ChangelogError, PartitionState
from app.stage import Effects
from tests.support.counting_stage import CountingStage, encode


def changelog_record(key: bytes | None, value: bytes | None) -> Any:
    return SimpleNamespace(topic="journey-changelog", partition=3, offset=41, key=key, value=value)


def test_a_changelog_record_without_a_key_is_named() -> None:
    state = PartitionState(CountingStage(), 3)
    with pytest.raises(ChangelogError, match="journey-changelog/3 offset 41"):
        state.restore([changelog_record(None, b"x")])


def test_the_size_is_that_of_the_states_held() -> None:
    state = PartitionState(CountingStage(), 0)
    state.apply(Effects([], {b"a": b"12345", b"b": b"1"}, {b"a": None, b"b": None}))
    state.apply(Effects([], {b"a": b"123", b"b": None}, {b"a": None}))
    assert (state.table, state.size_bytes) == ({b"a": b"123"}, 3)


def test_a_deadline_that_did_not_move_is_indexed_once() -> None:
    state = PartitionState(CountingStage(), 0)
    for count in range(5):
        state.apply(Effects([], {b"a": encode(count, 700)}, {b"a": Instant(700)}))
    assert len(state.index) == 1


def test_the_stage_cannot_write_to_the_table() -> None:
    state = PartitionState(CountingStage(), 0)
    view: Any = state.view
    with pytest.raises(TypeError):
        view[b"a"] = b"1"
