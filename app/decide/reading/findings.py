"""All that is wrong with a folder at once: who mends a policy wants the whole list, not the first line of it."""

from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from app.decide.source import Tree
from app.errors import PolicyError

Made = TypeVar("Made")
Given = ParamSpec("Given")


class Findings:
    """Collects errors; `raise_any` raises them as one."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def guard(self, make: Callable[Given, Made], *args: Given.args, **kwargs: Given.kwargs) -> Made | None:
        """Return what `make` returns, or None when it finds an error, which is kept."""
        try:
            return make(*args, **kwargs)
        except PolicyError as error:
            self._found.append(str(error))
            return None

    def each(self, tree: Tree, what: str, make: Callable[[str, Tree], Made]) -> dict[str, Made]:
        """Return what `make` makes of every entry of a mapping, without those in which it finds an error."""
        made: dict[str, Made] = {}
        entries: Mapping[str, Tree] = self.guard(tree.mapping, what) or {}
        for name, child in entries.items():
            entry = self.guard(make, name, child)
            if entry is not None:
                made[name] = entry
        return made

    def raise_any(self) -> None:
        """Raise one PolicyError of everything found so far, a line each; return when there is nothing."""
        if self._found:
            raise PolicyError("\n".join(dict.fromkeys(self._found)))
