"""The lines of a statute: each must be able to decide for somebody, and longer never gives less."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from app.decide.reading.problems import read_plain
from app.decide.reading.shapes import share_or_amount
from app.decide.source import Tree, parse_decimal
from app.decide.statutes import DELAY, PER_DAY, StatutoryLine

_BOUNDS: Final = ("from", "above")
_ASKS: Final = ("since", "over", "where")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_lines(name: str, form: str, tree: Tree, words: Mapping[str, tuple[str, ...]]) -> tuple[StatutoryLine, ...]:
    """Return the lines in their order; the last one that holds decides. `words` are those that attributes may be."""
    items = tree.items(form)
    if not items:
        tree.place.refuse(f"statute {name}: `{form}` is empty: it could never give anything")
    lines = [_line(form, child, words) for child in items]
    for number, line in enumerate(lines):
        for later, child in zip(lines[number + 1 :], items[number + 1 :], strict=True):
            if _holds_whenever(later, line):
                child.place.refuse(f"statute {name}: {_never(form)}, or the line before could never hold")
            if _same_but_longer(line, later) and _given(later) < _given(line):
                child.place.refuse(f"statute {name}: a longer delay gives less than a shorter one")
    return tuple(lines)


def _never(form: str) -> str:
    return "delays must rise, dates too, and each line must ask for more" if form == DELAY else "each must ask for more"


def _holds_whenever(later: StatutoryLine, line: StatutoryLine) -> bool:
    """Say whether a later line holds wherever an earlier one does, so that the earlier never decides."""
    bounds = dict(line.over)
    return (
        (later.length, later.above) <= (line.length, line.above)
        and (later.since is None or (line.since is not None and later.since <= line.since))
        and all(what in bounds and bounds[what] >= bound for what, bound in later.over)
        and set(later.where) <= set(line.where)
    )


def _same_but_longer(line: StatutoryLine, later: StatutoryLine) -> bool:
    same = (line.since, line.over, line.where) == (later.since, later.over, later.where)
    return same and (line.amount is None) == (later.amount is None)


def _given(line: StatutoryLine) -> Decimal:
    return line.share if line.amount is None else line.amount


def _line(form: str, tree: Tree, words: Mapping[str, tuple[str, ...]]) -> StatutoryLine:
    parts = tree.only("a line", ("gives",), (*_BOUNDS, *_ASKS) if form == DELAY else _ASKS)
    bounds = [key for key in _BOUNDS if key in parts]
    if form == DELAY and len(bounds) != 1:
        tree.place.refuse("a delay has either `from` (a delay of just that counts) or `above` (only a longer one does)")
    number, is_share = parts["gives"].read("gives", share_or_amount)
    if is_share and form == PER_DAY:
        parts["gives"].place.refuse("gives: a day is worth an amount, not a share of the price")
    over = parts["over"].mapping("over") if "over" in parts else {}
    where = parts["where"].mapping("where") if "where" in parts else {}
    for what, child in where.items():
        if what not in words:
            child.place.refuse(
                f"where: the statute's `words` must say which words there are for {what}, as in "
                f"`words: {{{what}: [{child.text(what)}, another]}}`: where none of them is stated, nothing is guessed"
            )
        child.place.known(f"word for {what}", child.text(what), dict.fromkeys(words[what]), "the statute's `words`")
    return StatutoryLine(
        share=number if is_share else Decimal(0),
        amount=None if is_share else number,
        **({"length": read_plain(parts[bounds[0]], bounds[0])} if bounds else {}),
        above=bounds == ["above"],
        since=parts["since"].read("since", _date) if "since" in parts else None,
        over=tuple((what, child.read(what, parse_decimal)) for what, child in over.items()),
        where=tuple((what, child.text(what)) for what, child in where.items()),
    )


def _date(text: str) -> date:
    """Return a day written as `2025-04-01`; ValueError otherwise."""
    if not _DATE.fullmatch(text):
        msg = f"`{text}` is no day: write it as 2025-04-01"
        raise ValueError(msg)
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"there is no day `{text}`"
        raise ValueError(msg) from None
