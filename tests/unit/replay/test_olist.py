"""Recorded orders become the events that their shop, carriers and surveys would have sent."""

from itertools import pairwise
from pathlib import Path

import pytest

from app.clock import from_iso, to_iso
from app.errors import SetupError
from app.intake.stage import Intake
from app.replay import olist
from app.replay.source import InputEvent, Timeline
from app.replay.wire import records
from app.stage import LogRecord
from app.topics import Topic
from app.wire.codec import bundled_codec
from tests.support.olist_like import Made, make_olist

ORDERS = 160


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    place = tmp_path_factory.mktemp("data")
    return place, make_olist(place / "olist", orders=ORDERS)


@pytest.fixture(scope="module")
def timeline(folder: tuple[Path, Made]) -> Timeline:
    return olist.load(folder[0])


@pytest.fixture(scope="module")
def events(timeline: Timeline) -> list[InputEvent]:
    return list(timeline.events())


def of(events: list[InputEvent], type_: str) -> list[InputEvent]:
    return [event for event in events if event.type == type_]


def test_malformed_rows_are_named_by_file_and_line_and_the_rest_goes_on(
    folder: tuple[Path, Made], timeline: Timeline, events: list[InputEvent]
) -> None:
    assert {(row.file, row.line) for row in timeline.malformed} == folder[1].malformed
    assert len(of(events, "order_placed")) == ORDERS


def test_events_stand_in_one_total_order_and_can_be_read_twice(timeline: Timeline, events: list[InputEvent]) -> None:
    order = [(event.known_at, event.sequence) for event in events]
    assert all(one < other for one, other in pairwise(order))
    assert list(timeline.events()) == events
    assert timeline.total == len(events)


def test_every_event_is_taken_in_and_none_is_refused(events: list[InputEvent]) -> None:
    intake = Intake(bundled_codec(), replay=True)
    refused = [
        admitted
        for record in records(events, None, _none_is_malformed)
        for admitted in intake.admit(
            LogRecord(record.key, record.value, record.known_at, record.topic, 0, 0, record.headers)
        )
        if admitted.topic is Topic.DEAD_LETTERS
    ]
    assert refused == []


def test_every_event_has_an_id_of_its_own(events: list[InputEvent]) -> None:
    assert len({event.payload["event_id"] for event in events}) == len(events)
    assert len({event.origin for event in events}) == len(events)


def test_an_order_ships_as_one_consignment_per_seller_or_whole_when_it_has_no_items(events: list[InputEvent]) -> None:
    counts = set()
    for placed in of(events, "order_placed"):
        sellers = [plan.get("supplier") for plan in placed.payload["consignments"]]
        counts.add(len(sellers))
        lines = {line for plan in placed.payload["consignments"] for line in plan["line_ids"]}
        assert lines == {line["line_id"] for line in placed.payload["lines"]}
        if not lines:
            assert [plan["consignment_id"] for plan in placed.payload["consignments"]] == [olist.WHOLE]
    assert counts >= {1, 2, 3}


def test_the_promised_day_ends_at_the_first_instant_of_the_next_local_day() -> None:
    assert to_iso(olist.due_of(from_iso("2017-08-01T03:00:00Z"))) == "2017-08-02T03:00:00.000Z"
    # on 15 October 2017 the day began at 01:00 summer time, an hour earlier in UTC than days in summer do
    assert to_iso(olist.due_of(from_iso("2017-10-14T03:00:00Z"))) == "2017-10-15T03:00:00.000Z"
    assert to_iso(olist.due_of(from_iso("2017-10-15T03:00:00Z"))) == "2017-10-16T02:00:00.000Z"
    # 17 February 2018 had 25 hours
    assert to_iso(olist.due_of(from_iso("2018-02-17T02:00:00Z"))) == "2018-02-18T03:00:00.000Z"


def test_the_end_of_an_order_that_has_no_time_is_known_a_second_after_its_latest_own(events: list[InputEvent]) -> None:
    ends = [*of(events, "cancelled"), *of(events, "understocked")]
    assert {event.type for event in ends} == {"cancelled", "understocked"}
    for end in ends:
        of_order = end.payload["customer_id"], end.origin.line
        own = [
            event.known_at
            for event in events
            if event.origin.line == of_order[1] and event.origin.file == end.origin.file and event is not end
        ]
        assert end.known_at == max(own) + 1000
        assert end.type == "understocked" or end.payload["by"] == "unknown"


def test_a_scan_goes_by_the_number_the_carrier_was_told_and_by_order_before_that(events: list[InputEvent]) -> None:
    told: dict[str, int] = {}
    by_order = 0
    for event in events:
        if event.type == "dispatched":
            told.update((parcel["tracking_number"], event.known_at) for parcel in event.payload["parcels"])
        elif event.type == "parcel_scanned" and "tracking_number" in event.payload:
            assert told[event.payload["tracking_number"]] <= event.known_at
        elif event.type == "parcel_scanned":
            by_order += 1
    assert by_order > 0


def test_only_a_bad_review_with_words_is_a_complaint_solved_when_it_is_answered(events: list[InputEvent]) -> None:
    answers = {event.origin.line: event for event in of(events, "satisfaction_answered")}
    opened, resolved = of(events, "case_opened"), of(events, "case_resolved")
    assert opened
    assert {event.payload["case_id"] for event in resolved} == {event.payload["case_id"] for event in opened}
    for event in opened:
        answer = answers[event.origin.line]
        assert answer.payload["score"] <= 2
        assert event.payload["complaint"] is True
        assert event.known_at <= answer.known_at
    assert any(
        answer.payload["score"] <= 2
        for answer in answers.values()
        if answer.origin.line not in {event.origin.line for event in opened}
    )


def test_the_order_s_value_is_the_sum_of_its_payments(folder: tuple[Path, Made], events: list[InputEvent]) -> None:
    two_ways = [
        event for event in of(events, "order_placed") if event.origin.line > 6 and _paid_twice(folder[0], event)
    ]
    assert two_ways
    for event in two_ways:
        assert event.payload["value"] == {"amount": _paid(folder[0], event), "currency": "BRL"}


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"olist_orders_dataset\.csv"):
        olist.load(tmp_path)
    make_olist(tmp_path, orders=3)
    (tmp_path / "olist_customers_dataset.csv").unlink()
    with pytest.raises(SetupError, match=r"olist_customers_dataset\.csv"):
        olist.load(tmp_path)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    make_olist(tmp_path, orders=3)
    file = tmp_path / "olist_order_items_dataset.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("seller_id", "vendor"), encoding="utf-8")
    with pytest.raises(SetupError, match=r"olist_order_items_dataset\.csv:1: no column seller_id"):
        olist.load(tmp_path)


def test_a_line_that_is_not_utf8_or_not_whole_is_reported_and_passed_over(tmp_path: Path) -> None:
    make_olist(tmp_path, orders=30)
    file = tmp_path / "olist_orders_dataset.csv"
    lines = file.read_bytes().splitlines(keepends=True)
    lines[10] = b"\xff" + lines[10]
    lines[12] = lines[12].rstrip() + b",more\r\n"
    file.write_bytes(b"".join(lines))
    reported = {(row.line, row.reason) for row in olist.load(tmp_path).malformed if row.file == file.name}
    assert (11, "order_id is not UTF-8") in reported
    assert (13, "9 cells, the header has 8") in reported


def _none_is_malformed(row: object) -> None:
    raise AssertionError(row)


def _paid_twice(folder: Path, event: InputEvent) -> bool:
    return len(_payments(folder, event)) > 1


def _paid(folder: Path, event: InputEvent) -> str:
    cents = sum(int(amount.replace(".", "")) for amount in _payments(folder, event))
    return f"{cents // 100}.{cents % 100:02}"


def _payments(folder: Path, event: InputEvent) -> list[str]:
    lines = (folder / "olist" / "olist_order_payments_dataset.csv").read_text(encoding="utf-8").splitlines()
    return [line.rpartition(",")[2] for line in lines if line.startswith(event.payload["order_id"])]
