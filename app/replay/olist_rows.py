"""The marketplace's tables, read into orders: items, sellers, payments and reviews joined to each."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from app.clock import Instant
from app.replay.source import Malformed
from app.replay.table import MalformedRowError, Report, Row, rows

ZONE: Final = ZoneInfo("America/Sao_Paulo")
ORDERS: Final = "olist_orders_dataset.csv"
ITEMS: Final = "olist_order_items_dataset.csv"
PAYMENTS: Final = "olist_order_payments_dataset.csv"
REVIEWS: Final = "olist_order_reviews_dataset.csv"
CUSTOMERS: Final = "olist_customers_dataset.csv"
PRODUCTS: Final = "olist_products_dataset.csv"
ENGLISH: Final = "product_category_name_translation.csv"
_TIME: Final = "%Y-%m-%d %H:%M:%S"
_SCORES: Final = range(1, 6)

Key = TypeVar("Key")
Read = TypeVar("Read")
_Reader = Callable[[Row], tuple[tuple[str, str], Read]]


class Item(NamedTuple):
    """One order line. `hand_over_by` is what its seller promised."""

    line_id: str
    product: str
    seller: str
    price: Decimal
    hand_over_by: Instant


class Review(NamedTuple):
    """A customer's review, created (asked for and begun) and answered; `said` whether it has words."""

    line: int
    review: str
    score: int
    said: bool
    created: Instant
    answered: Instant


class Order(NamedTuple):
    """One order with everything known of it; None is a time that the data does not have."""

    line: int
    order: str
    customer: str
    status: str
    purchased: Instant
    approved: Instant | None
    handed_over: Instant | None
    delivered: Instant | None
    estimate: Instant | None
    """The start of the promised day."""
    items: tuple[Item, ...] = ()
    paid: Decimal | None = None
    reviews: tuple[Review, ...] = ()


class Tables(NamedTuple):
    """Every order in the order of its row, and what each product is called."""

    orders: tuple[Order, ...]
    names: dict[str, str]


def read(folder: Path, report: Report) -> Tables:
    """Read the tables of a folder; rows that cannot be used go to `report`, SetupError for a missing file."""
    customers = dict(_each(folder / CUSTOMERS, ("customer_id", "customer_unique_id"), _customer, report))
    orders = dict(_each(folder / ORDERS, _ORDER, lambda row: _order(row, customers), report))

    def joined(file: str, columns: tuple[str, ...], reader: _Reader[Read]) -> dict[str, list[Read]]:
        groups: dict[str, list[Read]] = {}
        for (order, _), one in _each(folder / file, columns, _of_an(orders, reader), report):
            groups.setdefault(order, []).append(one)
        return groups

    items, reviews = joined(ITEMS, _ITEM, _item), joined(REVIEWS, _REVIEW, _review)
    payments = joined(PAYMENTS, _PAYMENT, _payment)
    whole = (
        order._replace(
            items=tuple(items.get(name, ())),
            reviews=tuple(reviews.get(name, ())),
            paid=sum(payments[name], Decimal(0)) if name in payments else None,
        )
        for name, order in orders.items()
    )
    return Tables(tuple(whole), _names(folder, report))


_ORDER: Final = (
    "order_id",
    "customer_id",
    "order_status",
    "order_purchase_timestamp",
    "order_approved_at",
    "order_delivered_carrier_date",
    "order_delivered_customer_date",
    "order_estimated_delivery_date",
)
_ITEM: Final = ("order_id", "order_item_id", "product_id", "seller_id", "shipping_limit_date", "price")
_PAYMENT: Final = ("order_id", "payment_sequential", "payment_value")
_REVIEW: Final = (
    "review_id",
    "order_id",
    "review_score",
    "review_comment_title",
    "review_comment_message",
    "review_creation_date",
    "review_answer_timestamp",
)


def _order(row: Row, customers: Mapping[str, str]) -> tuple[str, Order]:
    order, customer = row.text("order_id"), customers.get(row.text("customer_id"))
    if customer is None:
        raise MalformedRowError(f"customer_id is not in {CUSTOMERS}")
    return order, Order(
        line=row.line,
        order=order,
        customer=customer,
        status=row.text("order_status"),
        purchased=row.time("order_purchase_timestamp", _TIME, ZONE),
        approved=row.time_or_none("order_approved_at", _TIME, ZONE),
        handed_over=row.time_or_none("order_delivered_carrier_date", _TIME, ZONE),
        delivered=row.time_or_none("order_delivered_customer_date", _TIME, ZONE),
        estimate=row.time_or_none("order_estimated_delivery_date", _TIME, ZONE),
    )


def _of_an(orders: Mapping[str, Order], reader: "_Reader[Read]") -> "_Reader[Read]":
    """Return the reader, refusing rows of orders that are not there (or were malformed themselves)."""

    def checked(row: Row) -> tuple[tuple[str, str], Read]:
        key, one = reader(row)
        if key[0] not in orders:
            raise MalformedRowError(f"order_id is not in {ORDERS}, or its row there is malformed")
        return key, one

    return checked


def _customer(row: Row) -> tuple[str, str]:
    return row.text("customer_id"), row.text("customer_unique_id")


def _item(row: Row) -> tuple[tuple[str, str], Item]:
    line_id = row.text("order_item_id")
    return (row.text("order_id"), line_id), Item(
        line_id=line_id,
        product=row.text("product_id"),
        seller=row.text("seller_id"),
        price=row.amount("price"),
        hand_over_by=row.time("shipping_limit_date", _TIME, ZONE),
    )


def _payment(row: Row) -> tuple[tuple[str, str], Decimal]:
    return (row.text("order_id"), row.text("payment_sequential")), row.amount("payment_value")


def _review(row: Row) -> tuple[tuple[str, str], Review]:
    score, review = row.number("review_score"), row.text("review_id")
    if score not in _SCORES:
        raise MalformedRowError("review_score is not from 1 to 5")
    return (row.text("order_id"), review), Review(
        line=row.line,
        review=review,
        score=score,
        said=bool(row.cells["review_comment_title"].strip() or row.cells["review_comment_message"].strip()),
        created=row.time("review_creation_date", _TIME, ZONE),
        answered=row.time("review_answer_timestamp", _TIME, ZONE),
    )


def _each(
    file: Path, columns: tuple[str, ...], reader: Callable[[Row], tuple[Key, Read]], report: Report
) -> Iterator[tuple[Key, Read]]:
    """Yield what `reader` makes of each row, once per key: a key seen before is a repeat, and reported."""
    seen: dict[Key, int] = {}
    for row in rows(file, columns, report):
        try:
            key, read_ = reader(row)
        except MalformedRowError as error:
            report(Malformed(file.name, row.line, str(error)))
            continue
        if (first := seen.setdefault(key, row.line)) != row.line:
            report(Malformed(file.name, row.line, f"repeats line {first}"))
            continue
        yield key, read_


def _names(folder: Path, report: Report) -> dict[str, str]:
    """Return each product's name: its category's, in English words where they are known. Both tables may be missing."""
    english: dict[str, str] = {}
    if (folder / ENGLISH).is_file():
        columns = ("product_category_name", "product_category_name_english")
        english = {row.cells[columns[0]]: row.cells[columns[1]] for row in rows(folder / ENGLISH, columns, report)}
    if not (folder / PRODUCTS).is_file():
        return {}
    columns = ("product_id", "product_category_name")
    found = ((row.cells["product_id"], row.cells[columns[1]]) for row in rows(folder / PRODUCTS, columns, report))
    return {product: english.get(name, name).replace("_", " ") for product, name in found if name}
