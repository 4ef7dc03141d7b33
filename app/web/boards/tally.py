"""Numbers that know whom they count."""

from collections.abc import Mapping

from app.ids import CustomerId


class Tally:
    """Counts customers, once each, under keys such as `here:order:dispatched`."""

    def __init__(self) -> None:
        self._counted: dict[str, dict[CustomerId, None]] = {}

    def add(self, customer: CustomerId, *key: str) -> None:
        """Count a customer under a key."""
        self._counted.setdefault(":".join(key), {})[customer] = None

    def count(self, *key: str) -> int:
        """Return how many customers were counted under a key."""
        return len(self._counted.get(":".join(key), ()))

    def named(self, *key: str) -> list[str]:
        """Return the last parts of all keys that begin with `key`, the fullest first."""
        beginning = ":".join((*key, ""))
        found = [
            (name.removeprefix(beginning), len(who))
            for name, who in self._counted.items()
            if name.startswith(beginning)
        ]
        return [name for name, _ in sorted(found, key=lambda one: (-one[1], one[0]))]

    def lists(self) -> Mapping[str, tuple[CustomerId, ...]]:
        """Return every key with its customers."""
        return {key: tuple(who) for key, who in self._counted.items()}
