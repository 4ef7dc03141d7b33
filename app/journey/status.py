"""A journey's status in a word."""

from typing import Final

from app.decide.policy import KindRules
from app.journey import reached
from app.journey.course import Consignment, Journey

PROVISIONAL: Final = "provisional"
OPEN: Final = "open"
PARTIAL: Final = "partial"


def status_of(rules: KindRules, journey: Journey) -> str:
    """Return provisional, open, partial (some consignments came), or the milestone that ended it.

    A cancelled order with a delivery is delivered: what ends it well counts before what ends it otherwise.
    """
    if journey.provisional:
        return PROVISIONAL
    words = [_end_word(rules, journey, consignment) for consignment in journey.consignments.values()]
    well = [word for word in words if word in rules.completes_on]
    if words and all(words):
        return min(well or words, key=(rules.completes_on + rules.ends_on).index)
    return PARTIAL if well else OPEN


def _end_word(rules: KindRules, journey: Journey, consignment: Consignment) -> str:
    steps = reached.of_consignment(journey, consignment)
    for words in (rules.completes_on, rules.ends_on):
        ended = [(steps[word][0], word) for word in words if word in steps]
        if ended:
            return min(ended)[1]
    return ""
