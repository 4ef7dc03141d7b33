"""How often the detectors of passing on and reopening agree with a service desk's own counters.

The counters are read from the log alone; nothing of `app` is used here.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from tests.support.truth import read_rows

MANY = 3
"""From so many reassignments on an incident is ping-pong, with none it is not; between them nobody has said."""


class Seen(NamedTuple):
    """An incident: what the log counted, and what the replay says of it."""

    number: str
    reassigned: int
    reopened: int
    desks: tuple[str, ...]
    ping_pong: bool
    reopenings: int

    @property
    def how(self) -> str:
        """By which rule it is ping-pong: back to a desk, a third desk, or none."""
        if not self.ping_pong:
            return "none"
        return "back" if any(one == later for one, later in zip(self.desks, self.desks[2:], strict=False)) else "third"


class Score(NamedTuple):
    """How many were found that are, that are not, and how many that are were missed."""

    hits: int
    false: int
    missed: int

    @property
    def precision(self) -> Fraction:
        """The share of what was found that is."""
        return Fraction(self.hits, self.hits + self.false)

    @property
    def recall(self) -> Fraction:
        """The share of what is that was found."""
        return Fraction(self.hits, self.hits + self.missed)


def incidents(folder: Path, out: Path) -> list[Seen]:
    """Return every incident of the log with the case that a replay made of it."""
    counted: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    with (folder / "incident_event_log.csv").open(encoding="utf-8-sig", newline="") as text:
        for row in csv.DictReader(text):
            reassigned, reopened = counted[row["number"]]
            counted[row["number"]] = (
                max(reassigned, int(row["reassignment_count"])),
                max(reopened, int(row["reopen_count"])),
            )
    cases = {row["case_id"].removeprefix("case:"): row for row in read_rows(out, "cases.jsonl")}
    return [
        Seen(
            number,
            *counts,
            desks=tuple(cases[number]["desks"]),
            ping_pong=cases[number]["ping_pong_at"] is not None,
            reopenings=cases[number]["reopen_count"],
        )
        for number, counts in sorted(counted.items())
        if number in cases
    ]


def ping_pong_score(seen: Iterable[Seen]) -> Score:
    """Score ping-pong on the incidents that the counters decide."""
    decided = [one for one in seen if one.reassigned == 0 or one.reassigned >= MANY]
    return _score((one.reassigned >= MANY, one.ping_pong) for one in decided)


def reopening_score(seen: Iterable[Seen]) -> Score:
    """Score reopenings, incident by incident."""
    return _score((one.reopened > 0, one.reopenings > 0) for one in seen)


def _score(pairs: Iterable[tuple[bool, bool]]) -> Score:
    counts = Counter(pairs)
    return Score(counts[True, True], counts[False, True], counts[True, False])


def table(seen: Sequence[Seen]) -> str:
    """Return what is found by the log's reassignment count, and both scores."""
    lines = ["reassignments  incidents  ping-pong  back  third desk"]
    for label, of in _groups(seen):
        how = Counter(one.how for one in of)
        lines.append(f"{label:>13}  {len(of):9}  {len(of) - how['none']:9}  {how['back']:4}  {how['third']:10}")
    for name, score in (("ping-pong", ping_pong_score(seen)), ("reopened", reopening_score(seen))):
        lines.append(
            f"{name}: precision {float(score.precision):.3f}, recall {float(score.recall):.3f} "
            f"({score.hits} found, {score.false} false, {score.missed} missed)"
        )
    differing = [
        f"{one.number} ({one.reopened}, {one.reopenings} seen)" for one in seen if one.reopened != one.reopenings
    ]
    lines.append(f"reopenings counted otherwise: {', '.join(differing) or 'none'}")
    return "\n".join(lines)


def _groups(seen: Sequence[Seen]) -> list[tuple[str, list[Seen]]]:
    few = [(str(count), [one for one in seen if one.reassigned == count]) for count in range(MANY)]
    return [*few, (f"{MANY} or more", [one for one in seen if one.reassigned >= MANY])]
