import pytest

from app.clock import DAY, HOUR, MINUTE
from app.decide.lengths import parse_length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30 minutes", (30 * MINUTE, None, 0)),
        ("1 hour", (HOUR, None, 0)),
        ("3 days", (3 * DAY, None, 0)),
        ("2 weeks", (14 * DAY, None, 0)),
        ("4 business hours of desk", (4 * HOUR, "desk", 0)),
        ("1 business day of carrier", (0, "carrier", 1)),
    ],
)
def test_a_length_is_read_as_a_person_writes_it(text: str, length: tuple[int, str | None, int]) -> None:
    assert parse_length(text) == length


def test_a_business_day_is_not_twenty_four_business_hours() -> None:
    assert parse_length("1 business day of desk") != parse_length("24 business hours of desk")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("P1D", "no length of time"),
        ("soon", "no length of time"),
        ("-3 days", "negative"),
        ("2 business days", "needs the calendar"),
        ("2 days of shop", "needs the calendar"),
        ("1 business week of shop", "minutes, hours or days"),
    ],
)
def test_what_is_no_length_says_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_length(text)
