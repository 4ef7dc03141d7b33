"""`campaigns`: what is planned, offered and played to callers on hold. It spans customers, so the register keeps it."""

from typing import Final

from app.facts import (
    CampaignPlanned,
    CouponTermsStated,
    OfferShown,
    OfferStated,
    OperatorDecided,
    PlaylistStated,
    Subject,
    What,
    campaign_key,
    offer_key,
    playlist_key,
)
from app.ids import CustomerId
from app.intake.checks import invalid
from app.intake.reading import Fields, Read, Reading

OF_A_CUSTOMER: Final = "offer_shown"
"""The one event of the topic that is about a single customer."""


def campaign_planned(fields: Fields) -> Reading:
    """Return a planned send."""
    if fields["send_at"] < fields["occurred_at"]:
        raise invalid("must not lie before the planning itself (occurred_at)", "send_at")
    what = CampaignPlanned(
        campaign=fields["campaign_id"],
        message_class=fields["message_class"],
        channels=fields["channels"],
        send_at=fields["send_at"],
        products=fields["products"],
        offer=fields["offer_id"],
        brand=fields["brand"],
    )
    return _of_all(fields, what)


def offer_shown(fields: Fields) -> Reading:
    """Return that a customer saw an offer."""
    subject = Subject(customer=CustomerId(fields["customer_id"]))
    what = OfferShown(fields["offer_id"], fields["version"], fields["channel"])
    return Reading(fields["occurred_at"], ((subject, what),), None)


def playlist_stated(fields: Fields) -> Reading:
    """Return what callers hear; an asset stands in a playlist once."""
    assets = fields["assets"]
    if len({asset.asset for asset in assets}) != len(assets):
        raise invalid("must not name an asset twice", "assets")
    return _of_all(fields, PlaylistStated(fields["playlist_id"], assets))


READ: Final[dict[str, Read]] = {
    "campaign_planned": campaign_planned,
    "offer_stated": lambda fields: _of_all(fields, OfferStated(fields["offer_id"], fields["version"], fields["terms"])),
    "coupon_terms_stated": lambda fields: _of_all(
        fields, CouponTermsStated(fields["offer_id"], fields["version"], fields["terms"])
    ),
    "offer_shown": offer_shown,
    "playlist_stated": playlist_stated,
}


def _of_all(fields: Fields, what: What) -> Reading:
    return Reading(fields["occurred_at"], ((Subject(), what),), None)


_SPANNING: Final = frozenset({CampaignPlanned, OfferStated, CouponTermsStated, PlaylistStated, OperatorDecided})


def register_key(what: What) -> bytes | None:
    """Return the register's key of what an input says, None when it belongs to a customer."""
    if type(what) not in _SPANNING:
        return None
    match what:
        case CampaignPlanned(campaign=campaign):
            return campaign_key(campaign)
        case OfferStated(offer=offer) | CouponTermsStated(offer=offer):
            return offer_key(offer)
        case PlaylistStated(playlist=playlist):
            return playlist_key(playlist)
        case OperatorDecided(incident=incident) if incident is not None:
            return incident.encode()
        case OperatorDecided(offer=offer) if offer is not None:
            return offer_key(offer)
    return None
