"""Dead letters chosen, told, and sent on their way again."""

from app.clock import Instant
from app.dead_letters import (
    HEAD_BYTES,
    REDRIVEN,
    REDRIVEN_FROM,
    Original,
    as_json,
    chosen,
    description,
    left_there,
    listing,
    newest_last,
    redrive,
)
from app.ids import OutputId
from app.outputs import DeadLetter, DeadLetterReason
from app.topics import Topic

SECRET = b"ann@example.com"


def letter(
    number: int = 1,
    *,
    reason: DeadLetterReason = DeadLetterReason.INVALID_FIELD,
    topic: str = "orders",
    offset: int | None = None,
    value: bytes | None = SECRET,
    id_: str | None = None,
) -> DeadLetter:
    return DeadLetter(
        id=OutputId(id_ or f"id-{number}"),
        at=Instant(1_783_000_000_000 + number),
        reason=reason,
        detail="must not be negative",
        field="value.amount",
        topic=topic,
        partition=2,
        offset=number if offset is None else offset,
        key=b"ann",
        value=value,
        timestamp=Instant(1_783_000_000_000 + number),
    )


def test_letters_stand_in_the_order_of_their_time_and_a_repeat_stands_once() -> None:
    assert newest_last([letter(3), letter(1), letter(2), letter(1)]) == [letter(1), letter(2), letter(3)]


def test_letters_are_chosen_by_the_beginning_of_an_id_and_by_reason() -> None:
    odd = letter(7, reason=DeadLetterReason.UNRESOLVED, id_="other")
    letters = [letter(1), letter(2), odd]
    assert chosen(letters, (), None) == letters
    assert chosen(letters, ["id-2", "ot"], None) == [letter(2), odd]
    assert chosen(letters, (), DeadLetterReason.UNRESOLVED) == [odd]
    assert chosen(letters, ["id"], DeadLetterReason.UNRESOLVED) == []


def test_a_redriven_record_is_the_original_and_says_where_it_comes_from() -> None:
    (record,) = redrive([letter(4)]).records
    assert (record.topic, record.key, record.value, record.partition) == (Topic.ORDERS, b"ann", SECRET, None)
    assert dict(record.headers) == {REDRIVEN: b"id-4", REDRIVEN_FROM: b"orders/2@4"}


def test_records_are_redriven_in_the_order_in_which_they_came() -> None:
    plan = redrive([letter(3), letter(1), letter(2)])
    assert [dict(record.headers)[REDRIVEN] for record in plan.records] == [b"id-1", b"id-2", b"id-3"]


def test_two_letters_of_one_record_redrive_it_once() -> None:
    plan = redrive([letter(1, offset=9), letter(2, offset=9)])
    assert len(plan.records) == 1


def test_what_has_no_bytes_or_no_input_topic_is_not_redriven_and_says_why() -> None:
    plan = redrive([letter(1, value=None), letter(2, topic="olist_orders_dataset.csv"), letter(3)])
    assert len(plan.records) == 1
    whys = [why for _, why in plan.refused]
    assert "bytes were not kept" in whys[0]
    assert "no input topic" in whys[1]


def test_a_record_that_its_letter_does_not_hold_is_taken_from_its_origin() -> None:
    bare = letter(4, value=None)
    assert left_there([bare, letter(5), letter(6, topic="olist_orders_dataset.csv", value=None)]) == [("orders", 2, 4)]
    there = Original(b"ann", SECRET, bare.timestamp)
    assert redrive([bare], {("orders", 2, 4): there}) == redrive([letter(4)])


def test_a_record_younger_than_the_letter_is_not_the_one_that_was_refused() -> None:
    bare = letter(4, value=None)
    plan = redrive([bare], {("orders", 2, 4): Original(b"bob", SECRET, Instant(bare.timestamp + 1))})
    assert plan.records == ()
    assert "younger" in plan.refused[0][1]


def test_neither_list_nor_json_nor_show_tells_what_a_record_holds_unless_asked() -> None:
    one = letter(1)
    told = [*listing([one]), *description(one, with_bytes=False), str(as_json(one))]
    assert not any(form in line for line in told for form in ("ann", SECRET.hex(), SECRET.hex(" ")))
    assert "value   15 bytes" in told


def test_only_the_head_of_a_record_is_shown_when_asked() -> None:
    long = letter(1, value=bytes(range(200)))
    (line,) = [line for line in description(long, with_bytes=True) if line.startswith("value")]
    assert line == f"value   200 bytes: {bytes(range(HEAD_BYTES)).hex(' ')} ..."
    assert as_json(long, with_bytes=True)["value_head"] == bytes(range(HEAD_BYTES)).hex()
    assert "key_head" not in as_json(long)


def test_a_listing_ends_with_the_counts_by_reason() -> None:
    letters = [letter(1), letter(2), letter(3, reason=DeadLetterReason.UNRESOLVED)]
    assert list(listing(letters))[-1] == "3 dead letters, 2 invalid_field, 1 unresolved"
    assert list(listing([])) == ["0 dead letters"]
