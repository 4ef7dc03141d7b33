"""Table cells: the part of the ZEN language that a check can reason about, and no more of it.

An input cell is empty (anything), `true` / `false`, words (`"late_delivery", "stalled"`), or whole numbers (`3`,
`>= 3`, `< 3`, `[2..4]`). Whatever else ZEN could evaluate is refused: a row whose reach nobody can tell is no rule.
"""

import json
import re
from collections.abc import Iterable
from typing import Final

from app.decide.source import meant
from app.decide.tables import Cell

Values = frozenset[Cell]
Box = tuple[Values, ...]

_NUMBER: Final = re.compile(r"(>=|<=|>|<)?\s*(-?\d+)")
_RANGE: Final = re.compile(r"\[\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*\]")
_WORDS: Final = re.compile(r'"[^"]*"(\s*,\s*"[^"]*")*')


def numbers_in(cell: str) -> tuple[int, ...]:
    """Return the whole numbers that a cell names."""
    return tuple(int(number) for number in re.findall(r"-?\d+", re.sub(r'"[^"]*"', "", cell)))


def representatives(cells: Iterable[str], least: int) -> Values:
    """Return whole numbers that stand for all that these cells can tell apart: each named one and its neighbours."""
    named = {number for cell in cells for number in numbers_in(cell)} | {least}
    return frozenset(near for number in named for near in (number - 1, number, number + 1) if near >= least)


def values_of(cell: str, universe: Values) -> Values:
    """Return which of the universe a cell lets through; ValueError when it is no cell, or names what is not there."""
    text = cell.strip()
    if text in {"", "-"}:
        return universe
    if text in {"true", "false"}:
        return _known(frozenset({text == "true"}), universe, text)
    if _WORDS.fullmatch(text):
        return _known(frozenset(json.loads(f"[{text}]")), universe, text)
    numbers = frozenset(value for value in universe if isinstance(value, int) and not isinstance(value, bool))
    if (found := _RANGE.fullmatch(text)) is not None:
        low, high = int(found[1]), int(found[2])
        return _reached(frozenset(value for value in numbers if low <= value <= high), text)
    if (found := _NUMBER.fullmatch(text)) is not None:
        return _reached(_compared(found[1], int(found[2]), numbers), text)
    msg = f'`{cell}` cannot be checked: write nothing, words ("one", "other"), true, false, 3, >= 3 or [2..4]'
    raise ValueError(msg)


def _compared(sign: str | None, number: int, values: frozenset[int]) -> Values:
    match sign:
        case ">=":
            return frozenset(value for value in values if value >= number)
        case "<=":
            return frozenset(value for value in values if value <= number)
        case ">":
            return frozenset(value for value in values if value > number)
        case "<":
            return frozenset(value for value in values if value < number)
        case _:
            return frozenset(value for value in values if value == number)


def _known(values: Values, universe: Values, text: str) -> Values:
    if unknown := values - universe:
        near = meant(
            str(next(iter(sorted(map(str, unknown))))), (str(value) for value in universe if value is not None)
        )
        msg = f"`{text}`: unknown are {_listed(unknown)}{near}; known are {_listed(universe)}"
        raise ValueError(msg)
    return values


def _reached(values: Values, text: str) -> Values:
    if not values:
        msg = f"`{text}` lets nothing through"
        raise ValueError(msg)
    return values


def _listed(values: Values) -> str:
    return ", ".join(sorted(str(value) for value in values if value is not None))


def without(boxes: list[Box], other: Box) -> list[Box]:
    """Return what is left of `boxes` when `other` is cut out of them; boxes are products of value sets."""
    return [piece for box in boxes for piece in _cut(box, other)]


def _cut(box: Box, other: Box) -> list[Box]:
    if any(mine.isdisjoint(theirs) for mine, theirs in zip(box, other, strict=True)):
        return [box]
    pieces = []
    for column, (mine, theirs) in enumerate(zip(box, other, strict=True)):
        if rest := mine - theirs:
            shared = tuple(a & b for a, b in zip(box[:column], other[:column], strict=True))
            pieces.append((*shared, rest, *box[column + 1 :]))
    return pieces
