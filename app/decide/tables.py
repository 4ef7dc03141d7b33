"""Decision tables on the ZEN engine: words and small whole numbers in, one row's answers out (decision 0008)."""

from collections.abc import Mapping
from typing import Any, Final

import zen

from app.outputs import RowFired

Cell = str | int | bool | None
"""What a table reads and answers; never an amount: ZEN has binary floats, so amounts are text and sums are ours."""

Row = tuple[Mapping[str, Cell], RowFired]

_KEPT_ANSWERS: Final = 8_192


class Tables:
    """The compiled tables of one policy. The same question always has the same answer, so answers are kept."""

    def __init__(self, contents: Mapping[str, bytes], outputs: Mapping[str, tuple[str, ...]]) -> None:
        decisions = {name: zen.ZenDecisionContent(content.decode()) for name, content in contents.items()}
        self._engine: Any = zen.ZenEngine({"loader": decisions.__getitem__})
        self._outputs = outputs
        self._answers: dict[tuple[str, tuple[tuple[str, Cell], ...]], Row] = {}

    def row(self, table: str, **inputs: Cell) -> Row:
        """Return the answers of the first row that matches, and which it was.

        A missing answer is None. No matching row is a bug: every table is checked for its catch-all when loaded.
        """
        key = (table, tuple(inputs.items()))
        known = self._answers.get(key)
        if known is None:
            if len(self._answers) >= _KEPT_ANSWERS:
                self._answers.clear()
            known = self._answers[key] = self._evaluated(table, inputs)
        return known

    def _evaluated(self, table: str, inputs: Mapping[str, Cell]) -> Row:
        evaluated = self._engine.evaluate(table, dict(inputs), {"trace": True})
        fired = next((step["traceData"] for step in evaluated["trace"].values() if step["traceData"]), None)
        if fired is None:
            msg = f"no row of table {table} matches {dict(inputs)}"
            raise LookupError(msg)
        result: dict[str, Cell] = evaluated["result"]
        answers = {name: result.get(name) for name in self._outputs[table]}
        read = {name: _said(value) for name, value in inputs.items()}
        return answers, RowFired(table, fired["rule"]["_id"], read)


def with_raw(fired: RowFired, **raw: object) -> RowFired:
    """Return a fired row that also names the numbers behind its words, so that each word can be worked out again."""
    numbers = {name: "unknown" if value is None else str(value) for name, value in raw.items()}
    return RowFired(fired.table, fired.row, {**fired.inputs, **numbers})


def _said(value: Cell) -> str:
    if value is None:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else str(value)
