"""The time zone of a place as carriers name it, for scans that give a local time without its offset.

Only what is certain: a country with one zone, or a state with one. Elsewhere None, and the scan says that UTC was
assumed. Source: the IANA database's zone table.
"""

from typing import Final

_COUNTRIES: Final = {
    "AT": "Europe/Vienna", "BE": "Europe/Brussels", "BG": "Europe/Sofia", "CH": "Europe/Zurich",
    "CZ": "Europe/Prague", "DE": "Europe/Berlin", "DK": "Europe/Copenhagen", "EE": "Europe/Tallinn",
    "FI": "Europe/Helsinki", "FR": "Europe/Paris", "GB": "Europe/London", "GR": "Europe/Athens",
    "HR": "Europe/Zagreb", "HU": "Europe/Budapest", "IE": "Europe/Dublin", "IN": "Asia/Kolkata",
    "IT": "Europe/Rome", "JP": "Asia/Tokyo", "KR": "Asia/Seoul", "LT": "Europe/Vilnius",
    "LU": "Europe/Luxembourg", "LV": "Europe/Riga", "NL": "Europe/Amsterdam", "NO": "Europe/Oslo",
    "PH": "Asia/Manila", "PL": "Europe/Warsaw", "RO": "Europe/Bucharest", "SE": "Europe/Stockholm",
    "SG": "Asia/Singapore", "SI": "Europe/Ljubljana", "SK": "Europe/Bratislava", "TH": "Asia/Bangkok",
    "TR": "Europe/Istanbul", "TW": "Asia/Taipei", "HK": "Asia/Hong_Kong", "ZA": "Africa/Johannesburg",
}  # fmt: skip

_ALPHA_3: Final = {
    "AUT": "AT", "BEL": "BE", "BGR": "BG", "CHE": "CH", "CZE": "CZ", "DEU": "DE", "DNK": "DK", "EST": "EE",
    "FIN": "FI", "FRA": "FR", "GBR": "GB", "GRC": "GR", "HRV": "HR", "HUN": "HU", "IRL": "IE", "IND": "IN",
    "ITA": "IT", "JPN": "JP", "KOR": "KR", "LTU": "LT", "LUX": "LU", "LVA": "LV", "NLD": "NL", "NOR": "NO",
    "PHL": "PH", "POL": "PL", "ROU": "RO", "SWE": "SE", "SGP": "SG", "SVN": "SI", "SVK": "SK", "THA": "TH",
    "TUR": "TR", "TWN": "TW", "HKG": "HK", "ZAF": "ZA", "USA": "US", "CAN": "CA", "AUS": "AU",
}  # fmt: skip

_NEW_YORK: Final = "America/New_York"
_CHICAGO: Final = "America/Chicago"
_STATES: Final = {
    ("US", "America/Los_Angeles"): "CA NV WA",
    ("US", "America/Denver"): "CO MT NM UT WY",
    ("US", "America/Phoenix"): "AZ",
    ("US", _CHICAGO): "AL AR IA IL LA MN MO MS OK WI",
    ("US", _NEW_YORK): "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
    ("US", "Pacific/Honolulu"): "HI",
    ("CA", "America/Toronto"): "QC",
    ("CA", "America/Edmonton"): "AB",
    ("CA", "America/Winnipeg"): "MB",
    ("CA", "America/Halifax"): "NS NB PE",
    ("AU", "Australia/Sydney"): "NSW ACT",
    ("AU", "Australia/Melbourne"): "VIC",
    ("AU", "Australia/Brisbane"): "QLD",
    ("AU", "Australia/Adelaide"): "SA",
    ("AU", "Australia/Hobart"): "TAS",
}
"""States that lie in one zone as a whole; the split ones (Texas, Florida, Indiana, ...) are left out."""

_BY_STATE: Final = {(country, state): zone for (country, zone), states in _STATES.items() for state in states.split()}


def zone_of(country: str | None, state: str | None = None) -> str | None:
    """Return the IANA zone of a country (ISO 3166, 2 or 3 letters) and state, None when it is not certain."""
    name = (country or "").strip().upper()
    name = _ALPHA_3.get(name, name)
    return _COUNTRIES.get(name) or _BY_STATE.get((name, (state or "").strip().upper()))
