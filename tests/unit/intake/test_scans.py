from typing import Any

import pytest

from app.clock import from_iso, to_iso
from app.facts import Alias, AliasKind, Fact, FactWaiting, Party, Scanned, ScanStatus, Subject
from app.ids import ConsignmentId, JourneyId
from app.topics import Topic
from tests.support.intake_records import admit, entries, example, facts, letter

SCAN = example(Topic.TRACKING_SCANS, "parcel_scanned", "good-minimal")
FULL = example(Topic.TRACKING_SCANS, "parcel_scanned", "good-full")


def scanned(**changes: Any) -> Fact:
    (found,) = facts(admit(Topic.TRACKING_SCANS, "parcel_scanned", {**SCAN, **changes}))
    return found


def refused_field(**changes: Any) -> str | None:
    return letter(admit(Topic.TRACKING_SCANS, "parcel_scanned", {**SCAN, **changes})).field


def what(**changes: Any) -> Scanned:
    found = scanned(**changes).what
    assert isinstance(found, Scanned)
    return found


def test_a_scan_waits_under_its_tracking_number_however_it_is_spelt() -> None:
    outputs = admit(Topic.TRACKING_SCANS, "parcel_scanned", {**SCAN, "tracking_number": "jjd 0001 0002"})
    (entry,) = entries(outputs)
    assert isinstance(entry, FactWaiting)
    assert entry.alias == Alias(AliasKind.TRACKING, "JJD00010002", "dhl")
    assert outputs[0].key == entry.alias.key()


def test_a_scan_keeps_all_that_the_carrier_said() -> None:
    (found,) = facts(admit(Topic.TRACKING_SCANS, "parcel_scanned", FULL))
    assert found.what == Scanned(
        carrier="dhl",
        tracking_number="JJD00010002",
        status=ScanStatus.IN_TRANSIT,
        sub_status="arrived_at_facility",
        raw_code="AA",
        location="Depot Hamburg",
        new_estimate=from_iso("2026-07-13T22:00:00Z"),
        fault=Party.CARRIER,
    )
    assert found.subject == Subject(None, JourneyId("order:1001"), ConsignmentId("A"))
    assert found.id == "tracking-scans/parcel_scanned:id=hash-1"


def test_a_scan_without_a_number_waits_under_its_order() -> None:
    payload = {**SCAN, "tracking_number": None, "order_id": "1001", "consignment_id": "whole"}
    (entry,) = entries(admit(Topic.TRACKING_SCANS, "parcel_scanned", payload))
    assert entry.alias == Alias(AliasKind.ORDER, "1001")


def test_a_scan_that_knows_its_customer_goes_straight_to_the_journey_log() -> None:
    (output,) = admit(Topic.TRACKING_SCANS, "parcel_scanned", {**FULL, "customer_id": "C-1"})
    assert (output.topic, output.key) == (Topic.JOURNEY_LOG, b"C-1")


@pytest.mark.parametrize("status", list(ScanStatus))
def test_every_word_of_the_taxonomy_is_read_as_itself(status: ScanStatus) -> None:
    assert what(status=status.value).status is status


@pytest.mark.parametrize("word", ["teleported", "DELIVERED", "delivered "])
def test_a_word_outside_the_taxonomy_counts_as_unknown(word: str) -> None:
    assert what(status=word).status is ScanStatus.UNKNOWN


def test_repeats_of_a_checkpoint_without_an_id_share_their_name() -> None:
    assert scanned(location="Hamburg").id == scanned(location="HAMBURG DEPOT").id
    assert len({scanned(status=word).id for word in ("in_transit", "arrived", "left")}) == 3
    assert scanned(sub_status="customs").id != scanned().id
    assert scanned(occurred_at="2026-07-10T18:03:01+02:00").id != scanned().id


@pytest.mark.parametrize(
    ("text", "zone", "instant", "assumed"),
    [
        ("2026-07-10T18:03:00+02:00", None, "2026-07-10T16:03:00.000Z", False),
        ("2026-07-10T18:03:00Z", "Asia/Tokyo", "2026-07-10T18:03:00.000Z", False),
        ("2026-07-10T18:03:00", "Europe/Berlin", "2026-07-10T16:03:00.000Z", False),
        ("2026-07-10 18:03", "America/Sao_Paulo", "2026-07-10T21:03:00.000Z", False),
        ("2026-07-10T18:03:00", None, "2026-07-10T18:03:00.000Z", True),
        # the hour that the end of summer time repeats: its first occurrence
        ("2025-10-26T02:30:00", "Europe/Berlin", "2025-10-26T00:30:00.000Z", False),
        # the hour that the start of summer time skips: as if the change had not happened yet
        ("2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T01:30:00.000Z", False),
    ],
)
def test_a_scans_time_is_exact_or_local(text: str, zone: str | None, instant: str, assumed: bool) -> None:
    found = scanned(occurred_at=text, time_zone=zone)
    assert to_iso(found.occurred_at) == instant
    assert what(occurred_at=text, time_zone=zone).time_assumed is assumed


@pytest.mark.parametrize(
    "text",
    ["2026-07-10", "yesterday", "2026-02-30T10:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    assert refused_field(occurred_at=text) == "occurred_at"


@pytest.mark.parametrize("text", ["1999-12-31T23:59:59Z", "2026-07-21T12:00:01Z", "2300-01-01T00:00:00Z"])
def test_a_time_far_from_ours_is_refused(text: str) -> None:
    assert refused_field(occurred_at=text) == "occurred_at"


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../../etc/passwd", "Europe", "UTC\x00"])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    assert refused_field(occurred_at="2026-07-10T18:03:00", time_zone=zone) == "time_zone"
