"""A journey's status in a word."""

from collections.abc import Iterable
from typing import Final

from app.decide.policy import KindRules
from app.journey.course import Journey, Steps

PROVISIONAL: Final = "provisional"
OPEN: Final = "open"
PARTIAL: Final = "partial"


def status_of(rules: KindRules, journey: Journey, consignments: Iterable[Steps]) -> str:
    """Return provisional, open, partial (some consignments came), or the milestone that ended it.

    `consignments` is what each of them has reached, as `reached.of_consignment` tells.
    A cancelled order with a delivery is delivered: what ends it well counts before what ends it otherwise.
    """
    if journey.provisional:
        return PROVISIONAL
    words = [_end_word(rules, steps) for steps in consignments]
    well = [word for word in words if word in rules.completes_on]
    if words and all(words):
        return min(well or words, key=(rules.completes_on + rules.ends_on).index)
    return PARTIAL if well else OPEN


def _end_word(rules: KindRules, steps: Steps) -> str:
    for words in (rules.completes_on, rules.ends_on):
        ended = [(steps[word][0], word) for word in words if word in steps]
        if ended:
            return min(ended)[1]
    return ""
