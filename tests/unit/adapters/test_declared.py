"""Mappings declared in YAML: what they do, and what is said of a wrong one."""

from pathlib import Path

import pytest

from app.adapters import applying
from app.adapters.declared import load
from app.adapters.foreign import Foreign
from app.errors import InvalidRecord, PolicyError, SetupError
from app.wire.catalog import bundled
from tests.support.webhooks import FOLDER, accepted, body

WAREHOUSE = FOLDER / "declared" / "warehouse.yaml"


def test_each_carton_is_an_event_with_its_labels() -> None:
    mapping = load(WAREHOUSE, bundled())
    first, second = accepted(applying.events(mapping, body("declared/shipped")))
    assert first.payload == {
        "event_id": "77/1",
        "occurred_at": "2026-04-18T09:00:00+02:00",
        "journey_id": "5601",
        "consignment_id": "1",
        "by": "merchant",
        "parcels": [
            {"carrier": "ups", "tracking_number": "1Z1"},
            {"carrier": "dhl", "tracking_number": "JJD1"},
        ],
    }
    assert second.payload["parcels"] == [{"carrier": "unstated", "tracking_number": "X1"}]


def test_a_rule_is_only_for_the_bodies_it_names() -> None:
    mapping = load(WAREHOUSE, bundled())
    (short,) = accepted(applying.events(mapping, body("declared/short")))
    assert (short.event, short.payload["fault"]) == ("understocked", "supplier")
    assert applying.events(mapping, body("declared/short", kind="counted")) == []


def test_a_body_that_lacks_a_required_field_is_told_which_path_and_line() -> None:
    mapping = load(WAREHOUSE, bundled())
    with pytest.raises(InvalidRecord) as refused:
        applying.events(mapping, body("declared/short", order=...))
    assert refused.value.field == "order_id"
    assert refused.value.detail == "nothing at $.order (warehouse.yaml:26)"


_GOOD = """source: x
events:
  - topic: orders
    event: order_confirmed
    fields: {occurred_at: $.at, order_id: $.id}
"""


def _loaded(folder: Path, text: str) -> None:
    file = folder / "x.yaml"
    file.write_text(text, encoding="utf-8")
    load(file, bundled())


def test_the_smallest_mapping_is_good(tmp_path: Path) -> None:
    _loaded(tmp_path, _GOOD)


@pytest.mark.parametrize(
    ("wrong", "line", "said"),
    [
        (_GOOD.replace("topic: orders", "topic: order"), 3, "`order` is unknown (did you mean `orders`?); known are"),
        (_GOOD.replace("order_confirmed", "order_sent"), 4, "`order_sent` is unknown"),
        (_GOOD.replace("order_id: $.id", "order: $.id"), 5, "no field `order`"),
        (_GOOD.replace(", order_id: $.id", ""), 5, "needs `order_id`"),
        (_GOOD.replace("$.at", '"$.[at"'), 5, "is no JSONPath"),
        (_GOOD.replace("$.at", '"@.at"'), 5, "there is no `each` here"),
        (_GOOD.replace("$.at", "{words: {a: b}}"), 5, "has `path` or `join`"),
        (_GOOD.replace("source: x", "source: x/y"), 1, "stands in the webhook's address"),
        (_GOOD.replace("source: x", "sauce: x"), 1, "knows no `sauce`"),
        (_GOOD + "signature: {header: X, encoding: base32}\n", 6, "`base32` is unknown"),
        ("source: x\nevents: []\n", 2, "at least one event"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_line(tmp_path: Path, wrong: str, line: int, said: str) -> None:
    with pytest.raises(PolicyError) as refused:
        _loaded(tmp_path, wrong)
    assert f"x.yaml:{line}: " in str(refused.value)
    assert said in str(refused.value)


def test_a_word_that_the_enumeration_does_not_know_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    text = WAREHOUSE.read_text(encoding="utf-8").replace("late_supplier: supplier", "late_supplier: the_supplier")
    with pytest.raises(PolicyError, match=r"`the_supplier` is unknown .*; known are carrier, customer"):
        _loaded(tmp_path, text)


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"nowhere\.yaml: No such file"):
        load(tmp_path / "nowhere.yaml", bundled())


def test_a_rule_may_be_for_a_truth_and_words_for_numbers(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(
        _GOOD.replace("  - topic", "  - when: {path: $.paid, is: true}\n    topic").replace(
            "order_id: $.id", "order_id: {path: $.id, words: {7: seven}}"
        ),
        encoding="utf-8",
    )
    mapping = load(file, bundled())
    paid = {"paid": True, "id": 7, "at": "2026-04-01T00:00:00Z"}
    assert [event.payload["order_id"] for event in applying.events(mapping, Foreign(paid, ""))] == ["seven"]
    assert applying.events(mapping, Foreign(paid | {"paid": False}, "")) == []
