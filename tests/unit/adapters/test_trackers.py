"""AfterShip's and EasyPost's webhooks as scans of ours."""

import json

import pytest

from app.adapters import aftership, easypost
from app.adapters.aftership_codes import SUBTAGS, TAGS
from app.adapters.foreign import parsed
from app.clock import Instant, from_iso
from app.errors import InvalidRecord
from app.facts import FactWaiting, Party, ScanStatus, decode_entry
from app.intake.stage import Intake
from app.stage import LogRecord
from app.topics import Topic
from app.wire.codec import bundled_codec
from app.wire.payload import encode_event
from tests.support.webhooks import NOW, accepted, body, raw


def times(name: str) -> list[Instant]:
    """Return when intake says the checkpoints of a fixture occurred."""
    intake = Intake(bundled_codec())
    found = []
    for number, scan in enumerate(aftership.events(body(name))):
        value = encode_event(Topic.TRACKING_SCANS, "parcel_scanned", scan.payload)
        (out,) = intake.admit(LogRecord(b"k", value, NOW, Topic.TRACKING_SCANS, 0, number))
        assert out.topic is Topic.DIRECTORY
        assert out.value is not None
        entry = decode_entry(out.value)
        assert isinstance(entry, FactWaiting)
        found.append(entry.fact.occurred_at)
    return found


def test_local_times_are_read_where_the_checkpoint_lies_and_over_the_clock_change_stay_in_order() -> None:
    assert times("aftership/tracking_update") == [
        from_iso("2026-03-27T17:00:00Z"),
        from_iso("2026-03-28T22:40:00Z"),
        from_iso("2026-03-29T00:55:00Z"),
        from_iso("2026-03-29T01:05:00Z"),
        from_iso("2026-03-31T08:00:00Z"),
        from_iso("2026-03-31T08:05:00Z"),
    ]


def test_a_place_with_more_than_one_zone_is_not_guessed() -> None:
    value = json.loads(raw("aftership/tracking_update"))
    value["msg"]["checkpoints"][1] |= {"country_iso3": "USA", "state": "TX"}
    value["msg"]["checkpoints"][2] |= {"country_iso3": "USA", "state": "NV"}
    scans = aftership.events(parsed(json.dumps(value).encode()))
    assert [scan.payload["time_zone"] for scan in scans[1:3]] == [None, "America/Los_Angeles"]


def test_checkpoints_carry_their_hash_status_and_fault() -> None:
    scans = accepted(aftership.events(body("aftership/tracking_update")))
    assert [scan.payload["event_id"] for scan in scans][:2] == ["h-info", "h-accepted"]
    lost, new = scans[4].payload, scans[5].payload
    assert (lost["status"], lost["sub_status"], lost["fault"], lost["raw_code"]) == (
        "failure",
        "lost",
        "carrier",
        "Exception_013",
    )
    assert (new["status"], new["sub_status"]) == ("unknown", None)
    assert all(scan.payload["carrier"] == "dhl_de" for scan in scans)


def test_a_checkpoint_without_a_hash_has_one_of_what_it_says() -> None:
    value = json.loads(raw("aftership/tracking_update"))
    for checkpoint in value["msg"]["checkpoints"]:
        del checkpoint["hash"]
    without = parsed(json.dumps(value).encode())
    first = [scan.payload["event_id"] for scan in aftership.events(without)]
    assert first == [scan.payload["event_id"] for scan in aftership.events(without)]
    assert len(set(first)) == len(first)


def test_the_merchant_may_say_that_wrong_addresses_are_its_own() -> None:
    value = json.loads(raw("aftership/tracking_update"))
    value["msg"]["checkpoints"][4]["subtag"] = "Exception_007"
    wrong = parsed(json.dumps(value).encode())
    assert aftership.events(wrong)[4].payload["fault"] == "customer"
    assert aftership.events(wrong, {"Exception_007": "merchant"})[4].payload["fault"] == "merchant"


def test_every_code_is_in_our_taxonomy_and_the_split_of_fault_is_the_one_we_chose() -> None:
    assert {code.status for code in (*TAGS.values(), *SUBTAGS.values())} <= {status.value for status in ScanStatus}
    split = {name: code.fault for name, code in SUBTAGS.items() if name.startswith("Exception")}
    assert {name[-3:] for name, fault in split.items() if fault is Party.CUSTOMER} == {
        "002",
        "003",
        "006",
        "007",
        "008",
    }
    assert {name[-3:] for name, fault in split.items() if fault is Party.NOBODY} == {"004", "017"}
    assert {name[-3:] for name, fault in split.items() if fault in {Party.MERCHANT, Party.CARRIER}} == {
        "005", "009", "012", "013", "016", "019", "020", "021",
    }  # fmt: skip


def test_a_revised_estimate_keeps_the_first_one_as_the_first_promise() -> None:
    first, latest = accepted(aftership.events(body("aftership/edd_revise")))
    assert first.payload["promise"]["due"] == "2026-03-30T22:00:00+00:00"
    assert latest.payload["promise"]["due"] == "2026-04-02T22:00:00+00:00"
    assert {promise.payload["promise"]["by"] for promise in (first, latest)} == {"carrier"}
    assert first.payload["event_id"] == "tr-1/first"


def test_without_an_order_a_revised_estimate_is_a_scan_that_clears_nothing() -> None:
    (scan,) = accepted(aftership.events(body("aftership/edd_revise", msg__order_id=None)))
    assert scan.payload["status"] == "unknown"
    assert scan.payload["new_estimate"] == "2026-04-02T22:00:00+00:00"


def test_an_event_that_aftership_adds_later_says_nothing() -> None:
    assert aftership.events(body("aftership/edd_revise", event="tracking_pending_time")) == []


def test_the_trace_is_scans_that_name_failure_and_unknown_as_what_they_are() -> None:
    scans = accepted(easypost.events(body("easypost/delivered_at_last")))
    kinds = [(scan.payload["status"], scan.payload["sub_status"]) for scan in scans]
    assert kinds.count(("failure", "delayed")) == 5
    assert kinds.count(("unknown", None)) == 2
    assert kinds[-1][0] == "delivered"
    assert {scan.payload["fault"] for scan in scans if scan.payload["sub_status"] == "delayed"} == {"carrier"}


def test_a_history_sent_again_has_the_same_ids() -> None:
    first = [scan.payload["event_id"] for scan in easypost.events(body("easypost/first_delay"))]
    later = [scan.payload["event_id"] for scan in easypost.events(body("easypost/delivered_at_last"))]
    assert later[: len(first)] == first
    assert len(set(later)) == len(later)


def test_only_the_newest_detail_carries_the_estimate() -> None:
    scans = easypost.events(body("easypost/delivered_at_last"))
    assert [scan.payload["new_estimate"] is None for scan in scans] == [True] * 15 + [False]


def test_a_status_that_easypost_adds_later_is_unknown() -> None:
    value = json.loads(raw("easypost/first_delay"))
    value["result"]["tracking_details"][0]["status"] = "teleported"
    assert easypost.events(parsed(json.dumps(value).encode()))[0].payload["status"] == "unknown"
    assert easypost.events(body("easypost/first_delay", description="batch.updated")) == []


def test_a_detail_without_a_time_is_refused_by_name() -> None:
    value = json.loads(raw("easypost/first_delay"))
    value["result"]["tracking_details"][2]["datetime"] = None
    with pytest.raises(InvalidRecord) as refused:
        easypost.events(parsed(json.dumps(value).encode()))
    assert refused.value.field == "result.tracking_details.2.datetime"
