"""The policy folder's text as trees of words, each with the file and line it stands on, so that errors can say where.

YAML is read without its guesses: every plain value is text (`no` is a country, `21:00` a time, `1.50` an amount).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

import yaml

from app.errors import PolicyError

Made = TypeVar("Made")

_NOTHING: Final = frozenset({"", "~", "null"})
_TRUTH: Final = {"true": True, "false": False}


def meant(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean ...?)` for a word that is close to a known one, else nothing."""
    near = get_close_matches(word, sorted(known), 1)
    return f" (did you mean `{near[0]}`?)" if near else ""


class Place(NamedTuple):
    """Where something stands."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def refuse(self, reason: str) -> NoReturn:
        """Raise the error that names this place."""
        msg = f"{self}: {reason}"
        raise PolicyError(msg)

    def known(self, what: str, word: str, known: Mapping[str, Made], where: str = "") -> Made:
        """Return what a word names; an unknown one is refused with those that there are."""
        if word not in known:
            hint = f"; add it to {where}" if where else ""
            self.refuse(f"there is no {what} `{word}`{meant(word, known)}; there are {', '.join(sorted(known))}{hint}")
        return known[word]


class Tree(NamedTuple):
    """A mapping, a list, a text, or nothing, and where it stands. The readers raise PolicyError with the place."""

    value: "dict[str, Tree] | list[Tree] | str | None"
    place: Place

    def mapping(self, what: str) -> "dict[str, Tree]":
        """Return the entries of a mapping; `what` names it in the error."""
        if not isinstance(self.value, dict):
            self.place.refuse(f"{what} must be a mapping of `name: value`")
        return self.value

    def only(self, what: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> "dict[str, Tree]":
        """Return the entries of a mapping that has these keys and no others."""
        entries = self.mapping(what)
        for key, child in entries.items():
            if key not in required + optional:
                child.place.refuse(f"{what} knows no `{key}`; it knows {', '.join(required + optional)}")
        for key in required:
            if key not in entries:
                self.place.refuse(f"{what} lacks `{key}`")
        return entries

    def text(self, what: str) -> str:
        """Return a text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.place.refuse(f"{what} must be a text")
        return self.value

    def one_of(self, what: str, known: "Mapping[str, Made] | frozenset[str]") -> str:
        """Return a text that is one of the known words."""
        word = self.text(what)
        if word not in known:
            self.place.refuse(f"{what}: `{word}` is unknown{meant(word, known)}; known are {', '.join(sorted(known))}")
        return word

    def words(self, what: str) -> tuple[str, ...]:
        """Return a list of texts."""
        if not isinstance(self.value, list):
            self.place.refuse(f"{what} must be a list: [one, other]")
        return tuple(child.text(what) for child in self.value)

    def items(self, what: str) -> "list[Tree]":
        """Return the entries of a list."""
        if not isinstance(self.value, list):
            self.place.refuse(f"{what} must be a list")
        return self.value

    def truth(self, what: str) -> bool:
        """Return true or false."""
        return _TRUTH[self.one_of(what, _TRUTH)]

    def whole(self, what: str) -> int:
        """Return a whole number, zero or more."""
        text = self.text(what)
        if not text.isdecimal():
            self.place.refuse(f"{what} must be a whole number, not negative: `{text}`")
        return int(text)

    def decimal(self, what: str) -> Decimal:
        """Return an exact decimal, zero or more."""
        return self.read(what, parse_decimal)

    def read(self, what: str, parse: Callable[[str], Made]) -> Made:
        """Return what `parse` makes of the text; its ValueError becomes an error with this place."""
        try:
            return parse(self.text(what))
        except ValueError as error:
            self.place.refuse(f"{what}: {error}")


def parse_decimal(text: str) -> Decimal:
    """Return an exact decimal, zero or more, of `20.00` or `150%`; ValueError otherwise."""
    number, percent = (text[:-1], True) if text.endswith("%") else (text, False)
    try:
        value = Decimal(number)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        msg = f"`{text}` is no amount: write a number such as 20.00, not negative, or a share such as 5%"
        raise ValueError(msg)
    return value / 100 if percent else value


class _WrittenOut(yaml.BaseLoader):
    """Refuses aliases: a reader of a policy should not have to look elsewhere, and one may hold itself."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # types-PyYAML leaves it untyped
            raise yaml.MarkedYAMLError(problem="it has an alias (`*name`): write it out", problem_mark=mark)
        return super().compose_node(parent, index)


@lru_cache(maxsize=64)
def read_yaml(file: str, content: bytes) -> Tree:
    """Return the tree of a YAML file; an empty file is an empty mapping.

    Trees are kept: of two policies that are compared most files are the same.
    """
    try:
        node = yaml.compose(content, Loader=_WrittenOut)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file, 1 if mark is None else mark.line + 1)
        place.refuse(f"this is not YAML: {getattr(error, 'problem', None) or str(error).splitlines()[0]}")
    except RecursionError:
        Place(file, 1).refuse("this is nested deeper than anybody writes")
    return Tree({}, Place(file, 1)) if node is None else _tree(file, node)


def _tree(file: str, node: yaml.Node) -> Tree:
    place = Place(file, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return Tree(dict(_entries(file, node)), place)
    if isinstance(node, yaml.SequenceNode):
        return Tree([_tree(file, child) for child in node.value], place)
    assert isinstance(node, yaml.ScalarNode)
    return Tree(None if node.style is None and node.value in _NOTHING else node.value, place)


def _entries(file: str, node: yaml.MappingNode) -> Iterator[tuple[str, Tree]]:
    seen: set[str] = set()
    for key, value in node.value:
        place = Place(file, key.start_mark.line + 1)
        if not isinstance(key, yaml.ScalarNode):
            place.refuse("a name must be a text")
        if key.value in seen:
            place.refuse(f"`{key.value}` stands here twice; the second would silently replace the first")
        seen.add(key.value)
        yield key.value, Tree(_tree(file, value).value, place)


def merged(base: Tree, top: Tree) -> Tree:
    """Lay `top` over `base`: mappings key by key, anything else whole; nothing (`~`) takes the base's entry away."""
    if not isinstance(base.value, dict) or not isinstance(top.value, dict):
        return top
    entries = dict(base.value)
    for key, child in top.value.items():
        if child.value is None:
            if entries.pop(key, None) is None:
                child.place.refuse(f"`{key}` cannot be taken away: the policy below has none")
        else:
            entries[key] = merged(entries[key], child) if key in entries else child
    return Tree(entries, top.place)
