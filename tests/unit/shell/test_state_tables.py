"""A partition's state: exact bytes, their size, and what a restore refuses."""

from typing import Any

import pytest

from app.clock import Instant
from app.shell.record_batches import Batch
from app.shell.state_tables import ChangelogError, PartitionState
from app.stage import Effects
from tests.support.counting_stage import CountingStage, encode
from tests.unit.shell.batches import written


def batch(*rows: tuple[bytes | None, bytes | None]) -> Batch:
    return Batch(written(41, [(key, value, 1_000, ()) for key, value in rows]))


@pytest.mark.parametrize("value", [b"x", None])
def test_a_changelog_record_without_a_key_is_named(value: bytes | None) -> None:
    state = PartitionState(CountingStage(), 3)
    with pytest.raises(ChangelogError, match="journey-changelog/3 offset 41"):
        state.restore([batch((None, value))])


def test_of_each_key_the_last_row_is_restored_and_counted_in_size_and_index() -> None:
    state = PartitionState(CountingStage(), 0)
    old, new = encode(1, 500), encode(2, 90_000)
    rows = state.restore([batch((b"a", old), (b"b", old), (b"a", new)), batch((b"b", None), (b"never there", None))])
    for _ in state.indexing():
        pass
    assert (rows, state.table, state.size_bytes) == (5, {b"a": new}, len(new))
    assert (state.index.peek(Instant(500)).keys, state.index.peek(Instant(90_000)).keys) == ([], [b"a"])


def test_what_is_kept_under_a_key_of_ours_waits_for_nothing() -> None:
    state = PartitionState(CountingStage(), 0)
    state.restore([batch((b"\x00broke", b"no state of the stage"), (b"a", encode(1, 500)))])
    for _ in state.indexing():
        pass
    assert state.index.peek(Instant(500)).keys == [b"a"]


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
