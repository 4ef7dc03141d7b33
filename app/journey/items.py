"""Items kept by name. A change makes a new value."""

from typing import TypeVar

Key = TypeVar("Key", bound=str)
Item = TypeVar("Item")


def with_item(items: dict[Key, Item], key: Key, item: Item) -> dict[Key, Item]:
    """Return a copy of `items` with one more, or another, item."""
    changed = items.copy()
    changed[key] = item
    return changed


def without(items: dict[Key, Item], key: Key) -> dict[Key, Item]:
    """Return a copy of `items` without one."""
    return {known: item for known, item in items.items() if known != key}
