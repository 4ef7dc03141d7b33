"""The check of a whole record, compiled from its schema: each field's own check, and what the records in it become.

A refusal's field is the path to the value.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.clock import Instant
from app.errors import InvalidRecord
from app.intake.checks import CHECKS, Check, invalid
from app.intake.limits import MAX_ITEMS, MAX_WORD
from app.wire.catalog import EventSchema, JsonSchema

Shape = Callable[[Any], Any]
Shapes = Mapping[str, Shape]
"""What becomes of a checked record or enum, by full name: a struct's constructor."""

_TOO_MANY: Final = f"must have at most {MAX_ITEMS} entries"


def compile_checks(schema: EventSchema, shapes: Shapes) -> Check:
    """Return the check of a whole record of this schema."""
    return _compiled(schema.declared, {}, shapes, "") or _AsItIs()


class _AsItIs(Check):
    def check(self, value: Any, known_at: Instant) -> Any:  # noqa: ARG002
        return value


class _Turned(Check):
    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def check(self, value: Any, known_at: Instant) -> Any:  # noqa: ARG002
        return self._shape(value)


class _Nullable(Check):
    def __init__(self, inner: Check) -> None:
        self.inner = inner

    def check(self, value: Any, known_at: Instant) -> Any:
        return None if value is None else self.inner.check(value, known_at)


class _Record(Check):
    def __init__(self, checks: list[tuple[str, Check]], shape: Shape | None) -> None:
        self._names = [name for name, _ in checks]
        # what may be null is not checked when it is
        self._checks = [check.inner if isinstance(check, _Nullable) else check for _, check in checks]
        self._shape = shape

    def check(self, value: Any, known_at: Instant) -> Any:
        fields: dict[str, Any] = value
        checks = self._checks
        for index, name in enumerate(self._names):
            told = fields[name]
            if told is None:
                continue
            try:
                found = checks[index].check(told, known_at)
            except InvalidRecord as error:
                raise error.under(name) from None
            if found is not told:
                fields[name] = found
        return fields if self._shape is None else self._shape(fields)


class _Array(Check):
    def __init__(self, inner: Check | None) -> None:
        self._inner = inner

    def check(self, value: Any, known_at: Instant) -> Any:
        items: list[Any] = value
        if len(items) > MAX_ITEMS:
            raise invalid(_TOO_MANY)
        inner = self._inner
        if inner is None or not items:
            return tuple(items)
        found: list[Any] = []
        for item in items:
            try:
                found.append(inner.check(item, known_at))
            except InvalidRecord as error:
                raise error.under(str(len(found))) from None
        return tuple(found)


class _Map(Check):
    def __init__(self, inner: Check) -> None:
        self._inner = inner

    def check(self, value: Any, known_at: Instant) -> Any:
        entries: dict[str, Any] = value
        if len(entries) > MAX_ITEMS:
            raise invalid(_TOO_MANY)
        for name, item in entries.items():
            try:
                self._inner.check(item, known_at)
            except InvalidRecord as error:
                # the key may be personal: the path ends at the map
                raise invalid(error.detail) from None
            if len(name) > MAX_WORD:
                raise invalid(f"must have keys of at most {MAX_WORD} characters")
        return value


class _Bounds(Check):
    def __init__(self, low: int, high: int) -> None:
        self._low = low
        self._high = high

    def check(self, value: Any, known_at: Instant) -> Any:  # noqa: ARG002
        number: int = value
        if not self._low <= number <= self._high:
            raise invalid(f"must be a whole number from {self._low} to {self._high}")
        return value


def _compiled(node: Any, names: dict[str, Check | None], shapes: Shapes, space: str) -> Check | None:
    """Return the check of a schema node, None when there is nothing to check or to turn into something else."""
    if isinstance(node, list):
        inner = _compiled(next(item for item in node if item != "null"), names, shapes, space)
        return None if inner is None else _Nullable(inner)
    if isinstance(node, str):
        return names.get(node)
    kind = node["type"]
    if kind in {"record", "enum"}:
        return _named(node, names, shapes, node.get("namespace", space))
    if kind == "array":
        return _Array(_compiled(node["items"], names, shapes, space))
    if kind == "map":
        values = _compiled(node["values"], names, shapes, space)
        return None if values is None else _Map(values)
    return _Bounds(node["min"], node["max"]) if "min" in node else CHECKS.get(node.get("checked", ""))


def _named(node: JsonSchema, names: dict[str, Check | None], shapes: Shapes, space: str) -> Check | None:
    name = f"{space}.{node['name']}"
    shape = shapes.get(name)
    if node["type"] == "record":
        inner = [(field["name"], _compiled(field["type"], names, shapes, space)) for field in node["fields"]]
        names[name] = _Record([(field, check) for field, check in inner if check is not None], shape)
    else:
        names[name] = None if shape is None else _Turned(shape)
    return names[name]
