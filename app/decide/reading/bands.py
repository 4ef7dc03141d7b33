"""`bands.yaml`: numbers into words, so that tables match on words. Thresholds are exact decimals."""

from decimal import Decimal
from itertools import pairwise
from typing import Final

from app.decide.policy import Band
from app.decide.reading.findings import Findings
from app.decide.source import Tree, parse_decimal
from app.decide.words import OTHERWISE

BANDS: Final = ("lateness", "share", "effort", "repeats", "win_back", "tenure")
"""What is banded: hours late, share of the order's value, contacts, earlier problems, money at stake, whole years."""

_BELOW: Final = "below "


def read_bands(tree: Tree, findings: Findings) -> dict[str, Band]:
    """Return the bands by name."""
    findings.guard(tree.only, "bands", BANDS)
    return findings.each(tree, "bands", _band)


def _band(name: str, tree: Tree) -> Band:
    steps = tuple((word, _bound(child)) for word, child in tree.mapping(f"band {name}").items())
    bounds = [bound for _, bound in steps]
    if not bounds or bounds[-1] is not None or None in bounds[:-1]:
        tree.place.refuse(f"band {name} must end with one word `{OTHERWISE}`, so that every number has a word")
    rising = [bound for bound in bounds if bound is not None]
    if any(low >= high for low, high in pairwise(rising)):
        tree.place.refuse(f"band {name}: bounds must rise, or a word could never hold")
    return Band(name, steps)


def _bound(tree: Tree) -> Decimal | None:
    text = tree.text("bound")
    if text == OTHERWISE:
        return None
    if not text.startswith(_BELOW):
        tree.place.refuse(f"a bound is `{_BELOW}24` or `{OTHERWISE}`, not `{text}`")
    return Tree(text.removeprefix(_BELOW), tree.place).read("bound", parse_decimal)
