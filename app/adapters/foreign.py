"""Reading somebody else's JSON: typed access that refuses by the sender's own path, never by value."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, NoReturn

from app.errors import InvalidRecord

_NOT_UTF8: Final = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs, which JSON can spell and nothing can encode."""


def parsed(body: bytes) -> "Foreign":
    """Return a webhook's body; numbers with a point stay exact Decimals. InvalidRecord `undecodable` if not JSON."""
    try:
        value = json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRecord("undecodable", f"the body is not JSON ({type(error).__name__})") from None
    return Foreign(value, "").must_be_object()


def _no_constant(word: str) -> NoReturn:
    msg = f"{word} is no number in JSON"
    raise ValueError(msg)


class Foreign(NamedTuple):
    """A value of the body and its path in it (`line_items.0.price`, empty for the body itself)."""

    value: Any
    path: str

    def must_be_object(self) -> "Foreign":
        """Return itself when it is an object."""
        if not isinstance(self.value, dict):
            self.refuse("must be an object")
        return self

    def at(self, name: str) -> "Foreign":
        """Return a field's value, None inside when it is missing; dots go deeper (`detail.via.channel`)."""
        found = self
        for part in name.split("."):
            inside = found.value.get(part) if isinstance(found.value, dict) else None
            found = Foreign(inside, f"{found.path}.{part}" if found.path else part)
        return found

    def has(self, name: str) -> bool:
        """Say whether a field is there and not null."""
        return self.at(name).value is not None

    def items(self, name: str) -> "Iterator[Foreign]":
        """Yield the objects of a list; a missing list has none."""
        found = self.at(name)
        if found.value is None:
            return
        if not isinstance(found.value, list):
            found.refuse("must be a list")
        for index, item in enumerate(found.value):
            yield Foreign(item, f"{found.path}.{index}")

    def text(self, name: str) -> str:
        """Return a text or whole number (an id) as text; it must be there."""
        found = self.optional(name)
        if found is None:
            self.at(name).refuse("is missing")
        return found

    def optional(self, name: str) -> str | None:
        """Return a text or whole number as text; None when missing, null or blank."""
        found = self.at(name)
        if isinstance(found.value, str):
            if _NOT_UTF8.search(found.value):
                found.refuse("must be text")
            return found.value.strip() or None
        if isinstance(found.value, int) and not isinstance(found.value, bool):
            return str(found.value)
        if found.value is not None:
            found.refuse("must be text")
        return None

    def word(self, name: str) -> str:
        """Return a word of an open list in small letters, with _ for blanks and dashes; empty when there is none."""
        return (self.optional(name) or "").lower().replace("-", "_").replace(" ", "_")

    def truth(self, name: str) -> bool:
        """Return a boolean; missing is false."""
        value = self.at(name).value
        if value is not None and not isinstance(value, bool):
            self.at(name).refuse("must be true or false")
        return bool(value)

    def whole(self, name: str) -> int:
        """Return a whole number; it must be there."""
        value = self.at(name).value
        if not isinstance(value, int) or isinstance(value, bool):
            self.at(name).refuse("must be a whole number")
        return value

    def amount(self, name: str) -> Decimal:
        """Return an exact amount, given as decimal text or as a number."""
        value = self.at(name).value
        try:
            amount = Decimal(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else None
        except ArithmeticError:
            amount = None
        if amount is None or not amount.is_finite() or amount < 0:
            self.at(name).refuse("must be an amount, not negative")
        return amount

    def moment(self, name: str) -> str:
        """Return ISO 8601 with an offset, as the sender wrote it; a naive time is refused."""
        text = self.text(name)
        try:
            naive = datetime.fromisoformat(text).tzinfo is None
        except ValueError:
            self.at(name).refuse("must be ISO 8601")
        if naive:
            self.at(name).refuse("must have an offset or Z")
        return text

    def refuse(self, detail: str) -> NoReturn:
        """Raise the refusal that names this place."""
        raise InvalidRecord("invalid_field", detail, self.path or None)
