"""Money to the penny: decimal, half up, to the currency's own digits; each step a line of the receipt."""

import ast
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

from app.outputs import Arithmetic

_DIGITS: Final = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF"), 0
    ),
    **dict.fromkeys(("XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Minor-unit digits of ISO 4217 where they are not two."""

_USUAL_DIGITS: Final = 2


def digits_of(currency: str) -> int:
    """Return how many digits after the point amounts of this currency have."""
    return _DIGITS.get(currency, _USUAL_DIGITS)


def rounded(value: Decimal, digits: int) -> Decimal:
    """Return the value to `digits` digits, half up (2.345 is 2.35): what a customer would compute."""
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def worked_out(what: str, formula: str, inputs: Mapping[str, Decimal | int]) -> Arithmetic:
    """Compute a formula over named inputs and return it as a line of a receipt."""
    return Arithmetic(what, formula, {name: str(value) for name, value in inputs.items()}, str(_value(formula, inputs)))


def recomputed(line: Arithmetic) -> Decimal:
    """Compute a receipt's line again from its own text; ValueError when its formula is none."""
    return _value(line.formula, {name: Decimal(text) for name, text in line.inputs.items()})


_OPERATORS: Final[dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
}
_FUNCTIONS: Final[dict[str, Callable[..., Decimal]]] = {
    "min": min,
    "max": max,
    "round": lambda value, digits: rounded(value, int(digits)),
}


def _value(formula: str, inputs: Mapping[str, Decimal | int]) -> Decimal:
    return _evaluated(_parsed(formula), inputs)


@lru_cache(maxsize=64)
def _parsed(formula: str) -> ast.expr:
    """Parse once: there are a handful of formulas, and parsing costs ten times the sum."""
    return ast.parse(formula, mode="eval").body


def _evaluated(node: ast.expr, inputs: Mapping[str, Decimal | int]) -> Decimal:
    """Evaluate names, + - *, min, max and round: all that receipts are made of."""
    match node:
        case ast.Name(id=name):
            return Decimal(inputs[name])
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluated(left, inputs), _evaluated(right, inputs))
        case ast.Call(func=ast.Name(id=name), args=args) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_evaluated(arg, inputs) for arg in args))
    msg = f"a receipt cannot have `{ast.unparse(node)}` in its formula"
    raise ValueError(msg)
