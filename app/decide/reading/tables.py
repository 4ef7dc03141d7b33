"""`tables/*.json`: every row's words known, every row reachable, no case without a row, amounts below the cap."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from app.decide.policy import Band, Brand
from app.decide.reading.cells import Box, Values, representatives, values_of, without
from app.decide.reading.findings import Findings
from app.decide.reading.jdm import JdmRow, JdmTable, read_jdm
from app.decide.reading.shapes import SHAPES, Shape, share_or_amount, words_of
from app.decide.source import Place
from app.decide.tables import Cell, Tables
from app.decide.words import ESCALATION_REASONS, OCCASIONS, ORDINARY, PARTIES, SEVERITIES
from app.errors import PolicyError

_TRUTHS: Final[Values] = frozenset({True, False})
_ANY_NUMBER: Final = "a whole number, such as >= 1"


class Known(NamedTuple):
    """What the rest of the folder says that tables may speak of."""

    problems: frozenset[str]
    bands: Mapping[str, Band]
    brands: Mapping[str, Brand]
    seasons: frozenset[str]
    cap: Decimal


class _Rule(NamedTuple):
    row: JdmRow
    box: Box
    answers: Mapping[str, Cell]


def read_tables(files: Mapping[str, tuple[str, bytes]], known: Known, findings: Findings) -> Tables | None:
    """Return the compiled tables; None when something is wrong with them, which the findings say."""
    for name in sorted(files.keys() - SHAPES.keys()):
        findings.guard(Place(files[name][0], 1).refuse, f"there is no table `{name}`; they are {', '.join(SHAPES)}")
    for name in sorted(SHAPES.keys() - files.keys()):
        findings.guard(Place(f"tables/{name}.json", 1).refuse, "a policy needs this table")
    read = {name: findings.guard(read_jdm, *files[name]) for name in SHAPES if name in files}
    tables = {name: table for name, table in read.items() if table is not None}
    universes = _universes(known, tables)
    rules = {name: _rules(table, SHAPES[name], universes, findings) for name, table in tables.items()}
    for name, found in rules.items():
        _check_reach(found, findings)
        findings.guard(_has_catch_all, tables[name], found)
    for name in ("remedies", "thank_you"):
        _check_given(rules.get(name, []), name, known, findings)
    if tables.keys() != SHAPES.keys():
        return None
    return findings.guard(_compiled, files, {name: table.outputs for name, table in tables.items()})


def inputs_of(name: str, known: Known, tables: Mapping[str, JdmTable]) -> dict[str, tuple[str, ...]]:
    """Return what a table can read, each with its words; numbers are words with a bound, such as `>= 3`."""
    universes = _universes(known, tables)
    found = {}
    for field, kind in SHAPES[name].inputs.items():
        words = universes.get(kind, frozenset({_ANY_NUMBER}))
        found[field] = tuple(sorted(json.dumps(word) if isinstance(word, bool) else str(word) for word in words))
    return found


def _compiled(files: Mapping[str, tuple[str, bytes]], outputs: Mapping[str, tuple[str, ...]]) -> Tables:
    contents = {name: content for name, (_, content) in files.items() if name in SHAPES}
    try:
        return Tables(contents, outputs)
    except RuntimeError as error:
        msg = f"tables:1: the table engine refuses one of the tables: {str(error).splitlines()[0]}"
        raise PolicyError(msg) from error


def _universes(known: Known, tables: Mapping[str, JdmTable]) -> dict[str, Values]:
    """Return what each kind of input can be; extents and stakes are what their own tables answer."""
    universes: dict[str, Values] = {
        "problem": known.problems,
        "truth": _TRUTHS,
        "severity": frozenset(SEVERITIES),
        "occasion": OCCASIONS,
        "reason": ESCALATION_REASONS,
        "fault": PARTIES,
        "values": frozenset(brand.values for brand in known.brands.values()),
        "season": known.seasons | {ORDINARY},
        "extent": _answered(tables, "extent", "extent"),
        "stake": _answered(tables, "stake", "stake"),
    }
    for name, band in known.bands.items():
        universes[name] = frozenset(word for word, _ in band.steps)
    for name in ("win_back", "tenure"):
        universes[name] = universes.get(name, frozenset()) | {"unknown"}
    return universes


def _answered(tables: Mapping[str, JdmTable], table: str, field: str) -> Values:
    rows = tables[table].rows if table in tables else ()
    return frozenset(row.cells[field].strip().strip('"') for row in rows if row.cells.get(field))


def _rules(table: JdmTable, shape: Shape, universes: Mapping[str, Values], findings: Findings) -> list[_Rule]:
    if findings.guard(_fields_fit, table, shape) is None:
        return []
    columns = {field: _universe(table, field, shape.inputs[field], universes) for field in shape.inputs}
    rules = (findings.guard(_rule, row, shape, columns) for row in table.rows)
    return [rule for rule in rules if rule is not None]


def _fields_fit(table: JdmTable, shape: Shape) -> bool:
    for field in table.inputs:
        if field not in shape.inputs:
            table.place.refuse(f"this table cannot read `{field}`; it can read {', '.join(shape.inputs)}")
    if not shape.outputs.keys() - shape.optional <= {*table.outputs} <= shape.outputs.keys():
        table.place.refuse(f"this table must answer {', '.join(shape.outputs)}, not {', '.join(table.outputs)}")
    return True


def _universe(table: JdmTable, field: str, kind: str, universes: Mapping[str, Values]) -> Values:
    if kind in universes:
        return universes[kind]
    numbers = representatives((row.cells.get(field, "") for row in table.rows), least=0 if kind == "count" else 1)
    return numbers | {None} if kind == "priority" else numbers


def _rule(row: JdmRow, shape: Shape, columns: Mapping[str, Values]) -> _Rule:
    box = tuple(_allowed(row, field, universe) for field, universe in columns.items())
    return _Rule(row, box, {field: _answer(row, field, shape) for field in shape.outputs})


def _allowed(row: JdmRow, field: str, universe: Values) -> Values:
    try:
        return values_of(row.cells.get(field, ""), universe)
    except ValueError as error:
        row.place.refuse(f"row {row.id}, {field}: {error}")


def _answer(row: JdmRow, field: str, shape: Shape) -> Cell:
    cell = row.cells.get(field, "").strip()
    try:
        answer: Cell = json.loads(cell) if cell else None
        shape.outputs[field](answer)
    except json.JSONDecodeError:
        row.place.refuse(f'row {row.id}, {field}: `{cell}` is no answer: write words in quotes, as in "{field}"')
    except (ValueError, RecursionError) as error:
        row.place.refuse(f"row {row.id}, {field}: {error}")
    return answer


def _check_reach(rules: list[_Rule], findings: Findings) -> None:
    """Find rows that no case reaches because earlier rows take them all. The last row, the catch-all, may be idle."""
    for number, rule in enumerate(rules[:-1]):
        rest = [rule.box]
        for earlier in rules[:number]:
            rest = without(rest, earlier.box)
            if not rest:
                findings.guard(rule.row.place.refuse, _unreachable(rule, rules[:number], earlier))
                break


def _unreachable(rule: _Rule, before: list[_Rule], last: _Rule) -> str:
    for earlier in before:
        if earlier.box == rule.box and earlier.answers != rule.answers:
            return f"row {rule.row.id} contradicts row {earlier.row.id}: the same case, another answer"
    return f"row {rule.row.id} can never be reached: {last.row.id} and the rows before it take all its cases"


def _has_catch_all(table: JdmTable, rules: list[_Rule]) -> bool:
    cells = {field: table.rows[-1].cells.get(field, "").strip() for field in table.inputs} if table.rows else {"": "x"}
    if any(cell not in {"", "-"} for cell in cells.values()):
        place = rules[-1].row.place if rules else table.place
        place.refuse("the last row must be a catch-all with empty inputs: a case without a row would go unanswered")
    return True


def _check_given(rules: list[_Rule], table: str, known: Known, findings: Findings) -> None:
    values_at = list(SHAPES[table].inputs).index("values")
    for rule in rules:
        findings.guard(_below_cap, rule, known.cap)
        findings.guard(_below_most, rule, rule.box[values_at], known.brands)
        findings.guard(_perk_priced, rule, rule.box[values_at], known.brands)


def _below_cap(rule: _Rule, cap: Decimal) -> None:
    fields = ("refund", "discount", "store_credit") if rule.answers["store_credit"] else ("refund",)
    given = [rule.answers.get(field) for field in fields]
    amounts = [share_or_amount(cell) for cell in given if cell]
    shares = sum((number for number, share in amounts if share), Decimal(0))
    if shares > cap:
        rule.row.place.refuse(f"row {rule.row.id} gives {shares:.0%} of the price, above the cap of {cap:.0%}")


def _below_most(rule: _Rule, values: Values, brands: Mapping[str, Brand]) -> None:
    """Refuse an amount that a brand which the row is for never gives one customer."""
    if not rule.answers["store_credit"]:
        return
    number, is_share = share_or_amount(rule.answers["store_credit"])
    for brand in brands.values():
        most = brand.most_per_customer
        if not is_share and brand.values in values and most is not None and number > most:
            reason = f"gives {number:f}, above the {most:f} that brand {brand.name} gives one customer in all"
            rule.row.place.refuse(f"row {rule.row.id} {reason}")


def _perk_priced(rule: _Rule, values: Values, brands: Mapping[str, Brand]) -> None:
    for perk in words_of(rule.answers["perk"]):
        for brand in brands.values():
            if brand.values in values and perk not in brand.perks:
                rule.row.place.refuse(f"row {rule.row.id} gives {perk}, which brand {brand.name} has no cost for")
