"""A declared mapping put to work: a body becomes the events that its rules name."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import PurePath
from typing import Any, NamedTuple

from app.adapters.declared import Mapped, Record, Taken, Value
from app.adapters.event import InputEvent, Payload
from app.adapters.foreign import Foreign
from app.decide.source import Place
from app.errors import InvalidRecord


class _Sight(NamedTuple):
    """What paths look at: the body, and what the nearest `each` found."""

    body: Any
    item: Any


def events(mapping: Mapped, body: Foreign) -> list[InputEvent]:
    """Return what a body says under a mapping; a body that no rule is for says nothing.

    InvalidRecord names our field, the path that should have led to it, and the line of the mapping.
    """
    sight = _Sight(body.value, None)
    made: list[InputEvent] = []
    for rule in mapping.rules:
        if rule.when is not None and _as_word(_one(rule.when[0], sight)) not in rule.when[1]:
            continue
        made.extend(InputEvent(rule.topic, rule.event, _payload(rule.fields, each)) for each in _each(rule.each, sight))
    return made


def _each(taken: Taken | None, sight: _Sight) -> Iterator[_Sight]:
    if taken is None:
        yield sight
    else:
        for item in _all(taken, sight):
            yield sight._replace(item=item)


def _payload(fields: Mapping[str, Value | Record], sight: _Sight) -> Payload:
    """Return a record's fields; one that nothing was found for is left out, so that its default holds."""
    payload: Payload = {}
    for name, made in fields.items():
        try:
            found = _record(made, sight) if isinstance(made, Record) else _value(made, sight)
        except InvalidRecord as error:
            raise error.under(name) from None
        if found is not None:
            payload[name] = found
    return payload


def _record(record: Record, sight: _Sight) -> Any:
    if record.each is None:
        return _payload(record.fields, sight) or None
    return [_payload(record.fields, each) for each in _each(record.each, sight)]


def _value(value: Value, sight: _Sight) -> Any:
    if not value.paths:
        return value.text
    found = [_one(taken, sight) for taken in value.paths]
    if any(part is None for part in found):
        if value.required:
            paths = " and ".join(taken.written for taken in value.paths)
            raise InvalidRecord("invalid_field", f"nothing at {paths} ({_line(value.place)})")
        return None
    joined = found[0] if len(found) == 1 else value.joint.join(str(_as_text(part)) for part in found)
    if value.words or value.otherwise is not None:
        otherwise = _as_text(joined) if value.otherwise is None else value.otherwise
        return value.words.get(_as_word(joined), otherwise)
    return _as_text(joined) if value.as_text else joined


def _one(taken: Taken, sight: _Sight) -> Any:
    found = _all(taken, sight)
    if len(found) > 1:
        raise InvalidRecord(
            "invalid_field", f"{len(found)} values at {taken.written} ({_line(taken.place)}); one is wanted"
        )
    return found[0] if found else None


def _all(taken: Taken, sight: _Sight) -> list[Any]:
    base = sight.item if taken.of_item else sight.body
    if not isinstance(base, dict | list):
        # the library would read a text as JSON of its own
        return [base] if len(taken.written) == 1 else []
    return list(taken.query.findall(base))


def _line(place: Place) -> str:
    """Return the mapping's file and line; where our files lie is not the sender's to know."""
    return f"{PurePath(place.file).name}:{place.line}"


def _as_word(found: Any) -> str:
    """Return what a mapping file calls a value: `true`, `12`, `shipped`."""
    return str(found).lower() if isinstance(found, bool) else str(_as_text(found))


def _as_text(found: Any) -> Any:
    """Return a number as text, exactly as it was written; anything else as it is."""
    if isinstance(found, Decimal):
        return format(found, "f")
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found
