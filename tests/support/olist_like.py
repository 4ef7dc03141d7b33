"""Orders with the marketplace's real columns and irregularities, made up from a seed.

Local times over both changes of the clock, several sellers, orders without items, delivered before handed over or
without a hand-over, repeated payments, one review about two orders, text over several lines, rows that are malformed.
"""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from random import Random  # noqa: TID251 - seeded: the same data every time
from typing import Any, NamedTuple

from tests.support.hex_ids import hex_id

_START = datetime(2017, 9, 1, 10)  # noqa: DTZ001 - as the data writes it: local, without a zone
_TIME = "%Y-%m-%d %H:%M:%S"
_ORDER = (
    "order_id",
    "customer_id",
    "order_status",
    "order_purchase_timestamp",
    "order_approved_at",
    "order_delivered_carrier_date",
    "order_delivered_customer_date",
    "order_estimated_delivery_date",
)
_ITEM = (
    "order_id",
    "order_item_id",
    "product_id",
    "seller_id",
    "shipping_limit_date",
    "price",
    "freight_value",
)
_PAYMENT = ("order_id", "payment_sequential", "payment_type", "payment_installments", "payment_value")
_REVIEW = (
    "review_id",
    "order_id",
    "review_score",
    "review_comment_title",
    "review_comment_message",
    "review_creation_date",
    "review_answer_timestamp",
)
_CUSTOMER = ("customer_id", "customer_unique_id", "customer_zip_code_prefix", "customer_city", "customer_state")
_PRODUCT = ("product_id", "product_category_name")
_ENGLISH = ("product_category_name", "product_category_name_english")

OVER_THE_CLOCK_CHANGES = (
    "2017-10-14 23:30:00",
    "2017-10-15 00:30:00",  # did not exist: the clock went from 00:00 to 01:00
    "2018-02-17 22:59:59",
    "2018-02-17 23:30:00",  # existed twice
)


class Made(NamedTuple):
    """What was made: how many orders can be played, and the malformed rows as (file, line)."""

    orders: int
    malformed: frozenset[tuple[str, int]]


class _Tables:
    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {
            name: [] for name in ("orders", "order_items", "order_payments", "order_reviews", "customers", "products")
        }

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        headers = (_ORDER, _ITEM, _PAYMENT, _REVIEW, _CUSTOMER, _PRODUCT)
        for (name, rows), header in zip(self.rows.items(), headers, strict=True):
            _write(folder / f"olist_{name}_dataset.csv", header, rows)
        _write(folder / "product_category_name_translation.csv", _ENGLISH, [("bebes", "baby"), ("esporte", "sports")])


def make_olist(folder: Path, *, orders: int, seed: int = 7) -> Made:
    """Write a folder of tables with this many playable orders and a few malformed rows among them."""
    rng, tables = Random(seed), _Tables()
    tables.rows["products"] += [("p1", "bebes"), ("p2", "esporte"), ("p3", "")]
    for number in range(orders):
        _order(rng, tables, number, orders)
    malformed = _spoil(tables)
    tables.write(folder)
    return Made(orders, malformed)


def _order(rng: Random, tables: _Tables, number: int, orders: int) -> None:
    order, customer = hex_id("order", number), hex_id("customer", number)
    # every fifth order is a customer's second
    person = hex_id("person", number - 1 if number % 5 == 4 else number)
    tables.rows["customers"].append((customer, person, "35182", "são paulo", "SP"))
    bought = _START + timedelta(hours=number * 4800 / orders, seconds=rng.randrange(3600))
    if number % 17 == 3:
        bought = datetime.fromisoformat(OVER_THE_CLOCK_CHANGES[number % len(OVER_THE_CLOCK_CHANGES)])
    life = _life(rng, number, bought)
    tables.rows["orders"].append((order, customer, *life))
    if number % 8 != 5:
        _items(rng, tables, order, bought)
    _payments(rng, tables, order, number)
    _reviews(rng, tables, order, number, bought)


def _life(rng: Random, number: int, bought: datetime) -> tuple[str, ...]:
    """Return status and times; most are delivered in time, the rest go wrong in every way the data knows."""
    promised = (bought + timedelta(days=rng.randrange(12, 30))).replace(hour=0, minute=0, second=0)
    approved = bought + timedelta(minutes=rng.randrange(1, 3000))
    handed = approved + timedelta(hours=rng.randrange(5, 90))
    arrived = handed + timedelta(hours=rng.randrange(20, 150))
    late = promised + timedelta(days=rng.randrange(1, 20), hours=rng.randrange(24))
    last_second = promised + timedelta(hours=23, minutes=59, seconds=59)
    none = None
    kinds: tuple[tuple[str, datetime | None, datetime | None, datetime | None], ...] = (
        ("delivered", approved, handed, arrived),
        ("delivered", approved, handed, late),
        ("delivered", approved, handed, last_second),
        ("delivered", approved, handed, promised + timedelta(days=1)),
        ("delivered", approved, handed, handed - timedelta(hours=19)),
        ("delivered", approved, none, arrived),
        ("delivered", approved, none, none),
        ("shipped", approved, handed, none),
        ("processing", approved, none, none),
        ("created", none, none, none),
        ("unavailable", approved, none, none),
        ("canceled", none, none, none),
        ("canceled", approved, handed, none),
        ("canceled", approved, handed, late),
        ("delivered", none, handed, arrived),
        ("delivered", approved, approved, approved),
    )
    status, *times = kinds[number % len(kinds)]
    return (status, *(_text(moment) for moment in (bought, *times, promised)))


def _items(rng: Random, tables: _Tables, order: str, bought: datetime) -> None:
    sellers = [hex_id("seller", rng.randrange(40)) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    for place, seller in enumerate(sellers, 1):
        limit = _text(bought + timedelta(days=3 if seller == sellers[0] else 4))
        product, price = rng.choice(("p1", "p2", "p3")), f"{rng.randrange(100, 30_000) / 100:.2f}"
        tables.rows["order_items"].append((order, place, product, seller, limit, price, "11.85"))


def _payments(rng: Random, tables: _Tables, order: str, number: int) -> None:
    kinds = ("credit_card", "voucher") if number % 9 == 2 else ("boleto",)
    for place, kind in enumerate(kinds, 1):
        tables.rows["order_payments"].append((order, place, kind, 1, f"{rng.randrange(100, 30_000) / 100:.2f}"))


def _reviews(rng: Random, tables: _Tables, order: str, number: int, bought: datetime) -> None:
    if number % 7 == 6:
        return
    review = hex_id("review", number - 1 if number % 11 == 10 else number)
    asked = (bought + timedelta(days=rng.randrange(10, 40))).replace(hour=0, minute=0, second=0)
    answered = asked + timedelta(hours=rng.randrange(1, 90))
    words = 'Não chegou,\n"prazo" vencido' if number % 3 else ""
    row = (review, order, rng.randrange(1, 6), "", words, _text(asked), _text(answered))
    tables.rows["order_reviews"].append(row)


def _spoil(tables: _Tables) -> frozenset[tuple[str, int]]:
    """Put rows in that cannot be played; return where they stand. No earlier row of a file spans several lines."""
    orders, items, payments = (tables.rows[name] for name in ("orders", "order_items", "order_payments"))
    good = orders[0]
    orders.insert(1, ("no-time", good[1], "delivered", "2017-13-41 00:00:00", "", "", "", good[7]))
    orders.insert(2, ("no-customer", "nobody", *good[2:]))
    orders.insert(3, ("short", good[1]))
    orders.insert(4, good)
    items.insert(0, (good[0], "9", "p1", hex_id("seller", 1), good[3], "-1.00", "1"))
    items.insert(1, ("no-such-order", "1", "p1", hex_id("seller", 1), good[3], "1.00", "1"))
    payments.insert(1, payments[0])
    tables.rows["order_reviews"].insert(0, (hex_id("review", 0), good[0], "6", "", "", good[3], good[3]))
    return frozenset(
        {
            *(("olist_orders_dataset.csv", line) for line in (3, 4, 5, 6)),
            *(("olist_order_items_dataset.csv", line) for line in (2, 3)),
            ("olist_order_payments_dataset.csv", 3),
            ("olist_order_reviews_dataset.csv", 2),
        }
    )


def _text(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime(_TIME)


def _write(file: Path, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)
