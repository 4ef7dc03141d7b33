"""Result files hold what came out in an order of its own, whatever order it came in."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clock import DAY, Instant
from app.emit.records import Emit
from app.errors import MakegoodError, SetupError
from app.facts import Money
from app.ids import CustomerId, OutputId, PolicyVersion, ProblemId, RemedyId
from app.outputs import DeadLetter, DeadLetterReason, Gesture, HoldEntry, Receipt, Remedy, Scope, Suppression
from app.replay.recording import Recording
from app.replay.sorted_file import SortedFile
from app.stage import OutRecord
from app.topics import Topic
from app.wire.codec import bundled_codec

T0 = Instant(1_500_000_000_000)
EMIT = Emit(bundled_codec())


def ledger(customer: str, name: str, at: int, *, held: bool = True) -> OutRecord:
    hold = HoldEntry(Scope(("promotion",)), "late_delivery", "problem-1", Instant(at), "recovery")
    holds = (hold,) if held else ()
    return EMIT.record(Suppression(OutputId(name), Instant(at), CustomerId(customer), held, holds))


def record(folder: Path, *outputs: OutRecord) -> list[dict[str, object]]:
    with Recording(folder, bundled_codec(), DAY) as recording:
        for output in outputs:
            recording.said(output)
        recording.finish("events", PolicyVersion("p"), T0)
    return [json.loads(line) for line in (folder / "suppressions.jsonl").read_bytes().splitlines()]


@settings(max_examples=25)
@given(st.permutations([(customer, at) for customer in "abc" for at in (0, 5, 10)]))
def test_the_order_is_that_of_time_customer_and_id_and_the_bytes_are_always_the_same(
    tmp_path_factory: pytest.TempPathFactory, order: list[tuple[str, int]]
) -> None:
    outputs = [ledger(customer, f"{customer}{at}", T0 + at) for customer, at in order]
    rows = record(tmp_path_factory.mktemp("out"), *outputs)
    assert [(row["at"], row["customer"]) for row in rows] == sorted((row["at"], row["customer"]) for row in rows)
    assert len(rows) == 9


def test_a_tombstone_stands_at_its_time_after_the_release_it_removes(tmp_path: Path) -> None:
    removal = EMIT.tombstone(CustomerId("ann"))
    rows = record(tmp_path, ledger("ann", "1", T0), ledger("ann", "2", T0 + 1, held=False), removal)
    assert rows[-1] == {"at": "2017-07-15T02:40:00.001Z", "customer": "ann", "id": "", "tombstone": True}


def test_a_tombstone_of_nothing_is_left_out(tmp_path: Path) -> None:
    removal = EMIT.tombstone(CustomerId("ann"))
    rows = record(tmp_path, removal, ledger("ann", "1", T0, held=False), removal, removal)
    assert [row.get("tombstone", False) for row in rows] == [False, True]


def test_a_record_without_a_value_on_another_topic_is_a_bug_and_not_written(tmp_path: Path) -> None:
    with pytest.raises(MakegoodError, match="without a value"):
        record(tmp_path, OutRecord(Topic.REMEDIES, b"ann", None))


def test_a_dead_letter_that_came_twice_is_kept_once(tmp_path: Path) -> None:
    reason = DeadLetterReason.UNDECODABLE
    letter = EMIT.record(DeadLetter(OutputId("d"), T0, reason, "rubbish", None, "orders", 0, 7, b"k", b"\xff", T0))
    record(tmp_path, letter, letter)
    (row,) = (json.loads(line) for line in (tmp_path / "dead-letters.jsonl").read_bytes().splitlines())
    assert (row["value"], row["at"], row["timestamp"]) == (
        "/w==",
        "2017-07-14T02:40:00.000Z",
        "2017-07-14T02:40:00.000Z",
    )


def test_the_summary_adds_up_amounts_exactly_and_by_currency(tmp_path: Path) -> None:
    def remedy(name: str, amount: str, currency: str) -> OutRecord:
        money = Money(Decimal(amount), currency)
        gesture = Gesture("refund", money, money, "marketing")
        return EMIT.record(
            Remedy(
                OutputId(name),
                T0,
                CustomerId("ann"),
                RemedyId(name),
                "recovery",
                ProblemId("p"),
                None,
                "cause",
                "sorry",
                (gesture,),
                Receipt(()),
            )
        )

    record(tmp_path, remedy("a", "0.10", "EUR"), remedy("b", "0.20", "EUR"), remedy("c", "7", "BRL"))
    summary = json.loads((tmp_path / "summary.json").read_bytes())
    assert summary["given"] == {"BRL": "7", "EUR": "0.30"}
    assert summary["outputs"]["remedies"] == 3
    assert summary["gestures"] == {"refund": 3}


def test_keys_are_sorted_and_every_file_ends_with_a_line(tmp_path: Path) -> None:
    record(tmp_path, ledger("ann", "1", T0))
    line = (tmp_path / "suppressions.jsonl").read_text(encoding="utf-8")
    assert line.endswith("}\n")
    assert line.rstrip() == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="--out"):
        Recording(tmp_path / "file" / "out", bundled_codec(), DAY)


def test_lines_of_one_key_stand_in_the_order_of_their_bytes_and_no_spool_is_left(tmp_path: Path) -> None:
    with SortedFile(tmp_path / "lines") as file:
        for line in (b"c\n", b"a\n", b"b\n"):
            file.add(("same",), line)
        file.add(("earlier",), b"z\n")
        assert file.finish() == 4
    assert (tmp_path / "lines").read_bytes() == b"z\na\nb\nc\n"
    assert [path.name for path in tmp_path.iterdir()] == ["lines"]
