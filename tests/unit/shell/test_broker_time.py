"""The broker's time is learnt from what it stamps on records; a record's way there and back is no fault of a clock."""

import pytest

from app.clock import Instant
from app.shell.broker_time import BrokerTime

OURS = Instant(1_790_000_000_000)


@pytest.mark.parametrize(
    ("stamp", "off"),
    [
        pytest.param(-90_020, -90_020, id="ours is ahead by a minute and a half"),
        pytest.param(0, 0, id="the broker took it as it was sent"),
        pytest.param(35, 0, id="the broker took it on its way"),
        pytest.param(40, 0, id="the broker took it as it was answered"),
        pytest.param(90_040, 90_000, id="ours is behind by a minute and a half"),
    ],
)
def test_a_stamp_before_sending_or_after_the_answer_tells_of_a_wrong_clock(stamp: int, off: int) -> None:
    time = BrokerTime(lambda: OURS)
    time.stamped(OURS, OURS + stamp, Instant(OURS + 40))
    assert time.off_ms == off
    assert time.now() == OURS + off


def test_a_clock_that_was_set_right_is_believed_again() -> None:
    time = BrokerTime(lambda: OURS)
    time.stamped(OURS, OURS + 5_000, OURS)
    time.stamped(OURS, OURS, OURS)
    assert time.now() == OURS
