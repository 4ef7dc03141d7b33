"""Stories moved in time keep what they mean."""

from zoneinfo import ZoneInfo

import pytest

from app.clock import DAY, Instant, from_iso, to_datetime
from app.replay.shifting import ending_by
from app.replay.stories import bundled
from app.replay.timeline import Story

NOW = from_iso("2027-03-31T12:00:00+01:00")


@pytest.mark.parametrize("story", bundled(), ids=lambda story: story.name)
def test_a_moved_story_ends_within_the_last_week_and_keeps_its_wall_times(story: Story) -> None:
    moved = ending_by(story, NOW)
    end = max(entry.at for entry in moved.timeline)
    assert Instant(NOW - 7 * DAY) <= end <= NOW
    zone = ZoneInfo(story.zone)
    for before, after in zip(story.timeline, moved.timeline, strict=True):
        assert f"{to_datetime(before.at, zone):%a %H:%M}" == f"{to_datetime(after.at, zone):%a %H:%M}"


def test_times_in_payloads_move_along_and_midnight_stays_midnight_over_a_change_of_clocks() -> None:
    story = next(story for story in bundled() if story.name.startswith("a-"))
    moved = ending_by(story, NOW)
    dues = [
        promise["due"]
        for entry in moved.timeline
        if entry.event is not None
        for promise in entry.event.payload.get("promises", [])
    ]
    assert dues
    for due in dues:
        assert "T00:00:00" in due, "promised until the end of a local day"


def test_nothing_is_expected_of_a_moved_story() -> None:
    assert all(not entry.expect for story in bundled() for entry in ending_by(story, NOW).timeline)
