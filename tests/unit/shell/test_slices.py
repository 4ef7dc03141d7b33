"""How what is fetched is cut into slices."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from app.shell.batch_path import Slice, scheduler


def fetched(offsets: list[int], begins: int, ends: int) -> Any:
    return Slice([SimpleNamespace(offset=offset) for offset in offsets], begins, ends)


def test_partitions_take_turns_so_that_one_backlog_does_not_starve_the_rest() -> None:
    records = {TP("a", 0): fetched(list(range(6)), 0, 6), TP("a", 1): fetched([7], 7, 8)}
    turns = [(tp.partition, piece.begins, piece.ends) for tp, piece in scheduler(2)().iterate(records)]
    assert turns == [(0, 0, 2), (1, 7, 8), (0, 2, 4), (0, 4, 6)]


def test_a_slice_reaches_over_the_holes_that_control_records_leave() -> None:
    records = {TP("a", 0): fetched([3, 4, 8, 9], begins=2, ends=11)}
    assert [(piece.begins, piece.ends) for _, piece in scheduler(2)().iterate(records)] == [(2, 5), (5, 11)]


@given(
    holes=st.lists(st.integers(1, 4), min_size=1, max_size=40),
    size=st.integers(1, 7),
    tail=st.integers(0, 3),
)
def test_slices_always_join_without_a_gap_and_lose_no_record(holes: list[int], size: int, tail: int) -> None:
    offsets, at = [], 0
    for hole in holes:
        at += hole
        offsets.append(at)
    whole = fetched(offsets, 0, at + 1 + tail)
    pieces = [piece for _, piece in scheduler(size)().iterate({TP("a", 0): whole})]
    assert [record.offset for piece in pieces for record in piece] == offsets
    assert pieces[0].begins == 0
    assert pieces[-1].ends == at + 1 + tail
    assert all(one.ends == following.begins for one, following in pairwise(pieces))
    assert all(len(piece) <= size for piece in pieces)
