"""One customer's page: the gate's answers, and the timeline as the reader may see it."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from app.clock import Instant
from app.explain import Entry, entries, explanation
from app.ids import CustomerId
from app.web.boards.troubles import MARKETING
from app.web.gate import Answer, Audio, audio_for, may_send
from app.web.pieces import in_pieces
from app.web.site import Site

Line = tuple[str, str]

_WHY: Final = frozenset({"cause", "rule", "policy", "receipt"})
_WORDS_SAID: Final = frozenset({"notice", "briefing", "apology", "receipt"})
_BAD: Final = frozenset({"hold", "escalation"})
_GOOD: Final = frozenset({"release", "remedy"})


class GateRow(NamedTuple):
    """What the gate answers for some message classes, on any channel."""

    words: tuple[str, ...]
    answer: Answer


class Told(NamedTuple):
    """One step of the timeline: what is shown at once, and why, on asking. `tone` is bad, ok or nothing."""

    at: Instant
    title: str
    lines: Sequence[Line]
    why: Sequence[Line]
    tone: str


def gate_rows(site: Site, customer: CustomerId) -> list[GateRow]:
    """Return the gate's answers for every class of marketing; classes with the same answer share a row."""
    ledgers, freshness = site.model.ledgers.of(customer), site.model.freshness()
    found: dict[Answer, list[str]] = {}
    for word in MARKETING:
        found.setdefault(may_send(ledgers, word, "*", freshness, site.when_stale), []).append(word)
    return [GateRow(tuple(words), answer) for answer, words in found.items()]


def audio(site: Site, customer: CustomerId) -> Audio:
    """Return which audio may play while they wait."""
    return audio_for(site.policy.hold_audio, site.model.ledgers.of(customer), site.model.freshness(), site.when_stale)


async def timeline(site: Site, customer: CustomerId, *, everything: bool) -> list[Told]:
    """Return the timeline, newest first; without `everything`, the words said and what rules read are left out."""
    told = explanation(customer, await site.model.timelines.outputs(customer, site.decode))
    if told is None:
        return []
    return [_told(entry, everything=everything) async for entry in in_pieces(entries(told))][::-1]


def _told(entry: Entry, *, everything: bool) -> Told:
    lines = [line if everything else _plain(line) for line in entry.lines]
    labels = {label for label, _ in lines}
    tone = "bad" if labels & _BAD else "ok" if labels & _GOOD else ""
    return Told(entry.at, entry.title, _which(lines, why=False), _which(lines, why=True), tone)


def _which(lines: Iterable[Line], *, why: bool) -> list[Line]:
    return [line for line in lines if (line[0] in _WHY) == why]


def _plain(line: Line) -> Line:
    """Return a line without personal words: of a notice to whom it went, of a rule only its name."""
    label, text = line
    if label == "rule":
        return label, text.partition(" because ")[0]
    if label in _WORDS_SAID:
        return label, text.partition(":")[0] if label == "notice" else "…"
    return line
