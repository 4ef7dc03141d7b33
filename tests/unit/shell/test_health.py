"""Stuck and caught up are different things."""

import pytest

from app.shell.health import SILENT_AFTER, STUCK_AFTER, Health
from app.topics import Topic

OURS = (Topic.DIRECTORY, 1)


class Life:
    """A worker's health with a clock to turn; the event loop beats all along unless told otherwise."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.health = Health(lambda: self.now)

    def passes(self, seconds: float, *, beating: bool = True, broker: bool = True) -> None:
        """Let time pass; while the broker answers, what is unread is told again and again."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 10)
            if beating:
                self.health.beat()
            for (topic, partition), records in list(self.health._lag.items()) if broker else ():
                self.health.lag(topic, partition, records)


@pytest.fixture
def life() -> Life:
    life = Life()
    life.health.owns([OURS])
    return life


def test_a_silent_event_loop_is_stuck(life: Life) -> None:
    life.passes(SILENT_AFTER + 1, beating=False)
    assert "has not turned for 11 s" in str(life.health.trouble())
    life.health.beat()
    assert life.health.trouble() is None


def test_unread_records_that_nobody_passes_on_are_stuck(life: Life) -> None:
    life.health.lag(*OURS, records=12)
    life.passes(STUCK_AFTER)
    assert life.health.trouble() is None
    life.passes(1)
    assert life.health.trouble() == "12 records of directory are unread and none was passed on for 121 s"


def test_nobody_is_stuck_while_the_broker_is_away_nor_at_once_when_it_is_back(life: Life) -> None:
    life.health.lag(*OURS, records=12)
    life.passes(10 * STUCK_AFTER, broker=False)
    assert life.health.trouble() is None
    life.passes(STUCK_AFTER - 10)
    assert life.health.trouble() is None
    life.passes(30)
    assert "12 records of directory are unread" in str(life.health.trouble())


def test_a_growing_backlog_is_no_trouble_while_records_are_passed_on(life: Life) -> None:
    for minute in range(10):
        life.health.lag(*OURS, records=1_000 * (minute + 1))
        life.health.progressed(Topic.DIRECTORY)
        life.passes(60)
    assert life.health.trouble() is None


def test_progress_in_another_topic_does_not_hide_a_stuck_one(life: Life) -> None:
    life.health.owns([OURS, (Topic.ORDERS, 0)])
    life.health.lag(*OURS, records=12)
    life.passes(STUCK_AFTER + 1)
    life.health.progressed(Topic.ORDERS)
    assert life.health.trouble() is not None


def test_an_idle_worker_is_not_stuck_however_long_nothing_comes(life: Life) -> None:
    for _ in range(3):
        life.health.lag(*OURS, records=0)
        life.passes(10 * STUCK_AFTER)
    life.health.lag(*OURS, records=0)
    life.passes(1)
    life.health.lag(*OURS, records=5)
    assert life.health.trouble() is None


def test_what_lies_unread_in_another_workers_partition_is_not_our_trouble(life: Life) -> None:
    life.health.lag(Topic.DIRECTORY, 0, 500)
    life.passes(10 * STUCK_AFTER)
    assert life.health.trouble() is None


def test_a_worker_that_recovers_or_was_just_given_partitions_is_not_stuck(life: Life) -> None:
    life.health.lag(*OURS, records=12)
    life.passes(STUCK_AFTER)
    life.health.recovery("directory", 1, 4_000)
    life.passes(STUCK_AFTER)
    assert life.health.trouble() is None
    life.health.owns([OURS])
    life.passes(STUCK_AFTER)
    assert life.health.trouble() is None


def test_a_worker_is_ready_when_it_has_caught_up_and_says_before_what_is_missing(life: Life) -> None:
    assert life.health.not_ready() == "waiting for its partitions"
    life.health.recovery("directory", 1, 4_000)
    life.health.recovery("journey", 1, 500)
    assert life.health.not_ready() == "recovering, 4500 offsets to read"
    life.health.ready(True)
    assert life.health.not_ready() is None
    life.health.ready(False)
    assert life.health.not_ready() == "waiting for its partitions"


def test_what_waits_for_people_is_named_and_is_no_reason_to_restart() -> None:
    now = 0.0
    health = Health(lambda: now)
    health.owns([(Topic.JOURNEY_LOG, 1), (Topic.ORDERS, 0)])
    assert health.waits_for_us() is None
    health.stands(Topic.JOURNEY_LOG, 1, 17)
    health.intake_stopped(Topic.ORDERS)
    health.lag(Topic.JOURNEY_LOG, 1, 500)
    health.lag(Topic.ORDERS, 0, 500)
    now = 1_000.0
    health.beat()
    assert health.trouble() is None
    said = health.waits_for_us()
    assert said is not None
    assert "journey-log/1 offset 17" in said
    assert "read no more: orders" in said
    health.stands(Topic.JOURNEY_LOG, 1, None)
    assert "journey-log" not in (health.waits_for_us() or "")
