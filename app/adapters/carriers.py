"""One spelling of a carrier: the shop's word must find the carrier feed's (a binding is carrier and number)."""

from typing import Final

_ALIASES: Final = {
    "fedex_express": "fedex",
    "fedex_ground": "fedex",
    "fedex_home_delivery": "fedex",
    "federal_express": "fedex",
    "fedexsmartpost": "fedex",
    "ups_ground": "ups",
    "upsdap": "ups",
    "united_parcel_service": "ups",
    "united_states_postal_service": "usps",
    "us_postal_service": "usps",
    "dhl_express": "dhl",
    "dhlexpress": "dhl",
    "dhl_germany": "dhl_de",
    "deutsche_post_dhl": "dhl_de",
    "deutsche_post_(de)": "deutsch_post",
    "royalmail": "royal_mail",
    "canadapost": "canada_post",
    "australiapost": "australia_post",
    "hermes_world": "evri",
    "myhermes_uk": "evri",
    "dpd_uk": "dpd",
    "dpduk": "dpd",
}
"""Carriers as shops and trackers write them. Our choice: services of one carrier share its numbers."""

UNSTATED: Final = "unstated"
"""When the sender names none; such a scan is found through its order."""


def carrier(text: str | None) -> str:
    """Return a carrier's name in one spelling: small letters, `_` for blanks and dashes, known other names resolved."""
    if text is None or not text.strip():
        return UNSTATED
    name = "_".join(text.lower().replace("-", " ").split())
    return _ALIASES.get(name, name)
