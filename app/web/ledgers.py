"""The hold ledgers as they stand: the compacted suppression topic in memory, without personal data."""

from collections.abc import Iterator

from msgspec.structs import replace

from app.ids import CustomerId
from app.outputs import Suppression
from app.web.identities import Directory


class Ledgers:
    """Newest suppression record of each customer, for each namespace followed (live is the first of them)."""

    def __init__(self) -> None:
        self._ledgers: dict[CustomerId, dict[int, Suppression | None]] = {}
        self.directory = Directory()

    def put(self, namespace: int, customer: CustomerId, ledger: Suppression) -> None:
        """Take a customer's newest ledger; its identities are kept as hashes only."""
        self.directory.put(customer, ledger.identities)
        self._ledgers.setdefault(customer, {})[namespace] = replace(ledger, identities=None)

    def remove(self, namespace: int, customer: CustomerId) -> None:
        """Take a tombstone: nothing is known of the customer any longer."""
        mine = self._ledgers.get(customer, {})
        mine.pop(namespace, None)
        if not mine:
            self._ledgers.pop(customer, None)
            self.directory.forget(customer)

    def unreadable(self, namespace: int, customer: CustomerId) -> None:
        """Keep in mind that the newest ledger of a customer could not be read: nothing else may be assumed."""
        self._ledgers.setdefault(customer, {})[namespace] = None

    def of(self, customer: CustomerId) -> tuple[Suppression | None, ...]:
        """Return a customer's ledgers, one a namespace that has one; None stands for one that could not be read."""
        return tuple(self._ledgers.get(customer, {}).values())

    def all(self) -> Iterator[tuple[CustomerId, tuple[Suppression | None, ...]]]:
        """Yield every customer with a ledger, in the order they first came."""
        for customer, mine in tuple(self._ledgers.items()):
            yield customer, tuple(mine.values())

    def __len__(self) -> int:
        return len(self._ledgers)
