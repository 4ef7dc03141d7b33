"""Every value of an event that is somebody's own: ids, names, addresses, what was written; by the schemas' marks."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

from app.topics import INPUTS, Topic
from app.wire.codec import bundled_codec

_MARKS: Final = {"id", "text"}
_SHORTEST: Final = 4
"""Characters: what is shorter is found everywhere."""
_NOBODYS: Final = frozenset(
    {"account", "agent", "asset", "brand", "campaign_id", "carrier", "coupon_id", "desk", "discount", "from_desk"}
    | {"legal_basis", "offer_id", "operator", "owner", "playlist_id", "product_id", "products", "reason", "supplier"}
    | {"raw_code"}
)
"""Fields that name things of the shop, not of a customer."""


def personal_values(events: Iterable[tuple[Topic, str, dict[str, Any]]]) -> dict[str, str]:
    """Return the values of these events that are a customer's own, each with the name of a field it was in.

    What is on `campaigns` is the shop's own: offers, terms, playlists.
    """
    found: dict[str, str] = {}
    for topic, _, payload in events:
        if topic is Topic.CAMPAIGNS:
            continue
        found |= {value: name for name, value in _leaves(payload) if name in _fields() and len(value) >= _SHORTEST}
    return found


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name)
    elif isinstance(value, str):
        yield name, value


@cache
def _fields() -> frozenset[str]:
    """Return the names of fields that the schemas of the inputs mark as ids or texts."""
    found: set[str] = set()
    for (topic, _), schema in bundled_codec().catalog.events.items():
        if topic in INPUTS:
            _marked(schema.declared, "", found)
    return frozenset(found) - _NOBODYS


def _marked(declared: Any, name: str, found: set[str]) -> None:
    if isinstance(declared, list):
        for inner in declared:
            _marked(inner, name, found)
    elif isinstance(declared, dict):
        if declared.get("checked") in _MARKS:
            found.add(name)
        for field in declared.get("fields", ()):
            _marked(field["type"], field["name"], found)
        for inner in ("items", "values", "type"):
            if isinstance(declared.get(inner), (dict, list)):
                _marked(declared[inner], name, found)
