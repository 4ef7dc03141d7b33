"""Single orders whose holds are waited for: what each says, and when its hold ought to be readable."""

from typing import Any, Final, NamedTuple

from app.clock import DAY, Instant, to_iso
from app.stage import OutRecord
from app.topics import Topic
from app.wire.payload import encode_event

_LONG: Final = 3 * DAY


class Probe(NamedTuple):
    """An order of a customer of its own; `known`: its failure names the customer, else the directory finds it."""

    order: str
    known: bool = True

    @property
    def customer(self) -> bytes:
        """The key under which its hold is said."""
        return f"of-{self.order}".encode()

    def placed(self, now: Instant, due: Instant | None = None) -> OutRecord:
        """Return the order, promised for `due` (None: days ahead)."""
        promise = {"milestone": "delivered", "due": to_iso(due or Instant(now + _LONG)), "by": "merchant"}
        fields = {
            "customer_id": self.customer.decode(),
            "brand": "house",
            "country": "GB",
            "value": {"amount": "120.00", "currency": "GBP"},
            "promises": [promise],
            "lines": [{"line_id": "1", "product_id": "p", "name": "kettle", "quantity": 1, "unit_price": "120.00"}],
            "consignments": [{"consignment_id": "a", "line_ids": ["1"]}],
        }
        return self._record("order_placed", now, fields)

    def understocked(self, now: Instant) -> OutRecord:
        """Return that the order cannot be filled."""
        return self._record("understocked", now, {"customer_id": self.customer.decode() if self.known else None})

    def _record(self, event: str, now: Instant, fields: dict[str, Any]) -> OutRecord:
        said = {"event_id": f"{self.order}-{event}", "occurred_at": to_iso(now), "order_id": self.order, **fields}
        return OutRecord(Topic.ORDERS, self.order.encode(), encode_event(Topic.ORDERS, event, said))
