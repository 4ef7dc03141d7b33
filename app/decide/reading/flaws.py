"""What a sound policy says that cannot be meant: half an answer, a time that is none, a budget that bounds nothing.

It is refused when a policy is checked and before it is activated, and read all the same: an earlier version of us may
have activated it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from app.decide.folder import Layered
from app.decide.lengths import parse_length
from app.decide.policy import Budget, Policy
from app.decide.reading.jdm import JdmRow, read_jdm
from app.decide.reading.shapes import SHAPES, Shape
from app.decide.source import Tree

_NOTHING: Final = frozenset({"", "null", "false", '""'})
_TIMES: Final = frozenset({"first", "act_within"})
_LIMITS: Final = ("hold_age", "retention", "follow_up_lasts", "lost_after")


def flaws(files: Mapping[str, bytes], policy: Policy) -> Iterator[str]:
    """Yield, for a sound policy, what it cannot mean: file, line, reason."""
    layered = Layered(files)
    for name, source in sorted(layered.tables.items()):
        for row in read_jdm(*source).rows:
            yield from _of_row(row, SHAPES[name])
    yield from _of_times(layered.trees)
    for name, tree in _at(layered.trees["policy.yaml"], "budgets").items():
        yield from _of_budget(tree, policy.budgets[name], policy)


def _of_row(row: JdmRow, shape: Shape) -> Iterator[str]:
    cells = {field: row.cells.get(field, "").strip() for field in shape.outputs}
    answered = [field for field, cell in cells.items() if cell not in _NOTHING]
    missing = [field for field in shape.whole if field not in answered]
    if answered and missing:
        said = f"answers {', '.join(answered)} without {', '.join(missing)}"
        yield f"{row.place}: row {row.id} {said}: give all or nothing"
    for field in _TIMES & {*answered}:
        if not any(parse_length(str(json.loads(cells[field])))[::2]):
            yield f"{row.place}: row {row.id}, {field}: no time at all, it runs out at once"


def _of_times(trees: Mapping[str, Tree]) -> Iterator[str]:
    for what, tree in _times(trees):
        if not any(parse_length(tree.text(what))[::2]):
            yield f"{tree.place}: {what}: no time at all, it runs out at once"
    for step in _steps(trees["policy.yaml"]):
        if "per_week" in _at(step) and not _at(step)["per_week"].whole("per_week"):
            yield f"{step.place}: ramp: none a week is no release: leave the step out, or hold"


def _times(trees: Mapping[str, Tree]) -> Iterator[tuple[str, Tree]]:
    """Yield the times that must be some, each with its name."""
    limits = _at(trees["policy.yaml"], "limits")
    yield from ((key, limits[key]) for key in _LIMITS if key in limits)
    for kind in _at(trees["kinds.yaml"]).values():
        for name, expectation in _at(kind, "expectations").items():
            yield from ((f"{name}: {key}", tree) for key, tree in _at(expectation).items() if key == "within")


def _steps(tree: Tree) -> list[Tree]:
    ramp = _at(tree).get("ramp")
    return [] if ramp is None else ramp.items("ramp")


def _of_budget(tree: Tree, budget: Budget, policy: Policy) -> Iterator[str]:
    paid = {name: {policy.brands[name].currency} for name in budget.brands}
    for brand in policy.brands.values():
        if brand.cost_centre in budget.cost_centres:
            paid.setdefault(brand.cost_centre, set()).add(brand.currency)
    for name, currencies in paid.items():
        if budget.currency not in currencies:
            said = f"{name} gives in {', '.join(sorted(currencies))}, so one in {budget.currency} bounds nothing"
            yield f"{tree.place}: budget {budget.name}: {said}"


def _at(tree: Tree, key: str = "") -> dict[str, Tree]:
    """Return the entries of a mapping, or of the one under a key; none where there is none."""
    found = tree if not key else _at(tree).get(key, Tree({}, tree.place))
    return found.value if isinstance(found.value, dict) else {}
