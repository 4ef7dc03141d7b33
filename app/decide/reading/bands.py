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
    words = tree.mapping(f"band {name}")
    steps = [(word, _bound(child)) for word, child in words.items()]
    if not steps or steps[-1][1] is not None:
        last = words[steps[-1][0]].place if steps else tree.place
        last.refuse(f"band {name} must end with a word `{OTHERWISE}`, so that every number has a word")
    for (_, low), (word, high) in pairwise(steps):
        if low is None:
            words[word].place.refuse(f"band {name}: `{word}` comes after `{OTHERWISE}` and could never hold")
        if high is not None and low >= high:
            words[word].place.refuse(f"band {name}: bounds must rise, or `{word}` could never hold")
    return Band(name, tuple(steps))


def _bound(tree: Tree) -> Decimal | None:
    text = tree.text("bound")
    if text == OTHERWISE:
        return None
    if not text.startswith(_BELOW):
        tree.place.refuse(f"a bound is `{_BELOW}24` or `{OTHERWISE}`, not `{text}`")
    return Tree(text.removeprefix(_BELOW), tree.place).read("bound", parse_decimal)
