"""What each decision table reads and answers, and how an answer is checked."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from app.decide.lengths import parse_length
from app.decide.source import parse_decimal
from app.decide.words import CHANNELS, MESSAGE_CLASSES, RECIPIENTS, SEVERITIES

Check = Callable[[Any], object]
"""Takes an answer (None: the cell is empty); ValueError says what is wrong with it."""


class Shape(NamedTuple):
    """Inputs by field with the name of their words (see `universes`), and the check of each output.

    `optional`: outputs that a table may be without. `whole`: outputs that mean something together alone, so a row
    should answer all of them or none; what else it answers goes with them (see `flaws.py`).
    """

    inputs: Mapping[str, str]
    outputs: Mapping[str, Check]
    optional: frozenset[str] = frozenset()
    whole: tuple[str, ...] = ()


def words_of(cell: object) -> tuple[str, ...]:
    """Return the words of an answer that lists some: `"promotion, upsell"`; nothing is none."""
    return tuple(word for part in str(cell).split(",") if (word := part.strip())) if cell else ()


def share_or_amount(cell: object) -> tuple[Decimal, bool]:
    """Return (number, whether it is a share) of `"5%"` or `"20.00"`; amounts are text, ZEN would make them floats."""
    if not isinstance(cell, str):
        msg = f'{cell!r} must be a text in quotes, such as "20.00" or "5%"'
        raise ValueError(msg)  # noqa: TRY004 - it is a wrong value in somebody's file, not a wrong call
    return parse_decimal(cell), cell.endswith("%")


def plain_length(cell: object) -> int:
    """Return the milliseconds of a plain length such as `"24 hours"`."""
    length, calendar, _ = parse_length(str(cell))
    if calendar is not None:
        msg = f"{cell!r} must be plain time, without a calendar"
        raise ValueError(msg)
    return length


def _word(cell: object) -> None:
    if not isinstance(cell, str) or not cell:
        msg = f"{cell!r} must be a word in quotes"
        raise ValueError(msg)


def _listed(known: frozenset[str]) -> Check:
    def check(cell: object) -> None:
        if unknown := set(words_of(cell)) - known:
            msg = f"{', '.join(sorted(unknown))}: unknown; known are {', '.join(sorted(known))}"
            raise ValueError(msg)

    return check


def _or_nothing(check: Check) -> Check:
    return lambda cell: None if cell is None else check(cell)


def _severity(cell: object) -> None:
    if isinstance(cell, bool) or cell not in SEVERITIES:
        msg = f"{cell!r} is no severity: it is a whole number from {SEVERITIES[0]} to {SEVERITIES[-1]}"
        raise ValueError(msg)


def _count(cell: object) -> None:
    if isinstance(cell, bool) or not isinstance(cell, int) or cell < 1:
        msg = f"{cell!r} must be a whole number, at least one"
        raise ValueError(msg)


def _truth(cell: object) -> None:
    if not isinstance(cell, bool):
        msg = f"{cell!r} must be true or false"
        raise ValueError(msg)  # noqa: TRY004 - a wrong value in somebody's file


def _at_most_whole(cell: object) -> None:
    number, share = share_or_amount(cell)
    if not share or number > 1:
        msg = f"{cell!r} must be a share of at most 100%"
        raise ValueError(msg)


def _plain_amount(cell: object) -> None:
    if share_or_amount(cell)[1]:
        msg = f"{cell!r} must be an amount, not a share"
        raise ValueError(msg)


def _widening(cell: object) -> None:
    number, share = share_or_amount(cell)
    if share or number < 1:
        msg = f"{cell!r} must be a number of at least 1: gaps between progress notices never shrink"
        raise ValueError(msg)


SHAPES: Final[Mapping[str, Shape]] = {
    "extent": Shape(
        {"problem": "problem", "lateness": "lateness", "share": "share", "effort": "effort", "repeats": "repeats"},
        {"extent": _word},
    ),
    "severity": Shape(
        {
            "problem": "problem",
            "extent": "extent",
            "first_time": "truth",
            "needed_by_at_risk": "truth",
            "reopened": "count",
            "priority": "priority",
            "repeats": "repeats",
            "goods_held": "truth",
        },
        {"severity": _severity},
    ),
    "stake": Shape({"win_back": "win_back", "tenure": "tenure"}, {"stake": _word}),
    "holds": Shape(
        {"problem": "problem", "severity": "severity"},
        {"classes": _listed(MESSAGE_CLASSES), "channels": _listed(CHANNELS)},
    ),
    "notices": Shape(
        {"problem": "problem", "occasion": "occasion", "severity": "severity"},
        {
            "recipients": _listed(RECIPIENTS),
            "template": _or_nothing(_word),
            "overrides_quiet_hours": _or_nothing(_truth),
        },
        whole=("recipients", "template"),
    ),
    "pace": Shape(
        {"problem": "problem", "severity": "severity"},
        {"first": _or_nothing(plain_length), "widening": _or_nothing(_widening), "most": _or_nothing(_count)},
        whole=("first", "widening", "most"),
    ),
    "remedies": Shape(
        {
            "problem": "problem",
            "extent": "extent",
            "stake": "stake",
            "fault": "fault",
            "values": "values",
            "first_time": "truth",
            "season": "season",
            "tenure": "tenure",
            "repeats": "repeats",
            "goods_held": "truth",
        },
        {
            "apology": _word,
            "refund": _or_nothing(_at_most_whole),
            "store_credit": _or_nothing(share_or_amount),
            "perk": _or_nothing(_word),
        },
    ),
    "escalations": Shape(
        {"reason": "reason", "problem": "problem", "severity": "severity", "repeats": "repeats"},
        {
            "owner": _or_nothing(_word),
            "authority": _or_nothing(_word),
            "act_within": _or_nothing(plain_length),
            "budget": _or_nothing(_plain_amount),
            "freeze_hand_offs": _or_nothing(_truth),
        },
        frozenset({"freeze_hand_offs"}),
        whole=("owner", "authority"),
    ),
    "thank_you": Shape(
        {"severity": "severity", "values": "values"},
        {
            "discount": _or_nothing(_at_most_whole),
            "store_credit": _or_nothing(share_or_amount),
            "perk": _or_nothing(_word),
        },
        frozenset({"store_credit", "perk"}),
    ),
}
"""Every table of a policy. An output that may be empty says that nothing is done."""
