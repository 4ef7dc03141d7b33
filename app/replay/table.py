"""Reading a recorded table (CSV) row by row; a row that is not whole is reported with its line, the rest goes on."""

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from app.clock import Instant, from_datetime
from app.errors import SetupError
from app.replay.source import Malformed


class MalformedRowError(ValueError):
    """The row cannot be used; the message says which column and why."""


class Row(NamedTuple):
    """One row: its cells by column name, and the line at which it begins."""

    line: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """Return a cell that may not be empty; MalformedRowError when it is."""
        value = self.cells[column].strip()
        if not value:
            raise MalformedRowError(f"{column} is empty")
        return value

    def time(self, column: str, form: str, zone: ZoneInfo) -> Instant:
        """Return a cell as an instant, written in `form` (strptime) as local time of `zone`.

        A time that the zone's clock showed twice means the first; one that it skipped means as long after the gap's
        begin as written. MalformedRowError when it is not of that form.
        """
        try:
            return from_datetime(datetime.strptime(self.text(column), form).replace(tzinfo=zone))
        except (ValueError, OverflowError) as error:
            raise MalformedRowError(f"{column} is not a time such as {_EXAMPLE.strftime(form)}") from error

    def time_or_none(self, column: str, form: str, zone: ZoneInfo) -> Instant | None:
        """Return a cell as an instant, None when it is empty; MalformedRowError when it is not of that form."""
        return self.time(column, form, zone) if self.cells[column].strip() else None

    def number(self, column: str) -> int:
        """Return a cell as a whole number; MalformedRowError when it is none."""
        try:
            return int(self.text(column))
        except ValueError as error:
            raise MalformedRowError(f"{column} is not a whole number") from error

    def amount(self, column: str) -> Decimal:
        """Return a cell as a decimal amount, zero or more; MalformedRowError when it is none."""
        try:
            amount = Decimal(self.text(column))
        except InvalidOperation as error:
            raise MalformedRowError(f"{column} is not a decimal amount") from error
        if not amount.is_finite() or amount < 0:
            raise MalformedRowError(f"{column} is not an amount of zero or more")
        return amount


_EXAMPLE = datetime(2017, 7, 9, 21, 57, 5)  # noqa: DTZ001 - only shows how a local time is written
Report = Callable[[Malformed], None]


class _CsvReader(Protocol):
    line_num: int

    def __next__(self) -> list[str]: ...


def rows(file: Path, columns: tuple[str, ...], report: Report) -> Iterator[Row]:
    """Yield the rows of a CSV file in UTF-8 that have every column; others go to `report`.

    Raises SetupError when the file is missing or its header lacks one of `columns`.
    """
    try:
        opened = file.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise SetupError(f"{file}: {error.strerror}; it is part of the source, give its folder with --data") from error
    with opened as text:
        reader = csv.reader(text)
        header = next(reader, [])
        if missing := [column for column in columns if column not in header]:
            raise SetupError(f"{file}:1: no column {', '.join(missing)}; there is {', '.join(header) or 'nothing'}")
        for line, cells in _lines(reader, file.name, report):
            wrong = _defect(cells, header)
            if wrong is None:
                yield Row(line, dict(zip(header, cells, strict=True)))
            else:
                report(Malformed(file.name, line, wrong))


def _lines(reader: _CsvReader, name: str, report: Report) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it begins at (one in quotes may span several)."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            report(Malformed(name, line, f"not CSV: {error}"))
            continue
        if cells:
            yield line, cells


def _defect(cells: list[str], header: list[str]) -> str | None:
    if len(cells) != len(header):
        return f"{len(cells)} cells, the header has {len(header)}"
    for column, cell in zip(header, cells, strict=True):
        if not cell.isascii() and any("\udc80" <= char <= "\udcff" for char in cell):
            return f"{column} is not UTF-8"
    return None
