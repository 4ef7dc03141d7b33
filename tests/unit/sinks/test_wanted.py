"""What a suppression record asks of a marketing tool."""

from app.clock import Instant
from app.facts import Identities
from app.ids import CustomerId, OutputId
from app.outputs import HoldEntry, RampStep, Scope, Suppression
from app.sinks.wanted import forgotten, newest, wanted

ANN = CustomerId("ann")
DAY = 86_400_000


def said(*holds: HoldEntry, identities: Identities | None = None, name: str = "s1") -> Suppression:
    ramp = () if holds else (RampStep(("service",), Instant(DAY)), RampStep(("promotion",), Instant(3 * DAY), 1))
    return Suppression(OutputId(name), Instant(5), ANN, bool(holds), holds, ramp, identities)


LATE = HoldEntry(Scope(("promotion", "survey")), "late_delivery", "p1", Instant(2_000), "delivered")
LOST = HoldEntry(Scope(("*",), ("email",)), "lost", "p2", Instant(1_000), "refunded")


def test_a_hold_is_the_union_of_the_holds_and_the_earliest_beginning() -> None:
    found = wanted(said(LATE, LOST), "customer_id")
    assert found is not None
    assert (found.person, found.held, found.since, found.ramp_until) == ("ann", True, 1_000, None)
    assert found.classes == ("promotion", "survey", "*")
    assert found.channels == ("*", "email")
    assert found.attributes("recovery_hold") == {
        "recovery_hold": True,
        "recovery_hold_classes": "promotion, survey, *",
        "recovery_hold_channels": "*, email",
        "recovery_hold_reasons": "late_delivery, lost",
        "recovery_hold_since": "1970-01-01T00:00:01.000Z",
        "recovery_hold_ramp_until": None,
        "recovery_hold_id": "s1",
    }


def test_a_release_clears_our_own_attributes_and_says_until_when_the_ramp_lasts() -> None:
    found = wanted(said(), "customer_id")
    assert found is not None
    attributes = found.attributes("recovery_hold")
    assert attributes["recovery_hold"] is False
    assert attributes["recovery_hold_classes"] is None
    assert attributes["recovery_hold_ramp_until"] == "1970-01-04T00:00:00.000Z"


def test_every_attribute_is_ours() -> None:
    found = wanted(said(LATE), "customer_id")
    assert found is not None
    assert all(name.startswith("acme_hold") for name in found.attributes("acme_hold"))


def test_tools_that_know_people_otherwise_get_that_address_or_nobody() -> None:
    named = said(LATE, identities=Identities(email="ann@example.com", marketing_id="m-1"))
    assert [each.person for way in ("email", "marketing_id") if (each := wanted(named, way))] == [
        "ann@example.com",
        "m-1",
    ]
    assert wanted(said(LATE), "email") is None
    assert wanted(said(LATE, identities=Identities()), "marketing_id") is None


def test_a_tombstone_frees_by_our_id_and_cannot_by_what_it_lacks() -> None:
    free = forgotten(ANN, "customer_id")
    assert free is not None
    assert (free.person, free.held) == ("ann", False)
    assert forgotten(ANN, "email") is None


def test_of_several_records_of_a_person_the_last_counts() -> None:
    batch = [wanted(each, "customer_id") for each in (said(LATE, name="s1"), said(LOST, name="s2"), said(name="s3"))]
    assert [each.suppression for each in newest([each for each in batch if each is not None])] == ["s3"]
