"""How long a topic keeps its records: as declared, or as set."""

import pytest

from app.clock import DAY
from app.errors import SetupError
from app.settings import WorkerSettings
from app.shell.topics_admin import wanted_topics


def kept(**days: int) -> dict[str, str]:
    settings = WorkerSettings(retention_days={name.replace("_", "-"): count for name, count in days.items()})
    return {topic.name: topic.config.get("retention.ms", "") for topic in wanted_topics(settings)}


def test_the_journey_log_is_kept_for_seven_days_and_dead_letters_for_fourteen() -> None:
    declared = kept()
    assert declared["journey-log"] == str(7 * DAY)
    assert declared["dead-letters"] == str(14 * DAY)
    assert declared["journey-changelog"] == ""


def test_no_record_that_expires_is_kept_by_its_segment_for_more_than_a_day() -> None:
    expiring = [topic.config for topic in wanted_topics(WorkerSettings()) if "retention.ms" in topic.config]
    assert expiring
    assert {config["segment.ms"] for config in expiring} == {str(DAY)}


def test_both_can_be_set_and_the_others_stay() -> None:
    declared, found = kept(), kept(journey_log=3, dead_letters=30)
    assert (found["journey-log"], found["dead-letters"]) == (str(3 * DAY), str(30 * DAY))
    assert {name for name in found if found[name] != declared[name]} == {"journey-log", "dead-letters"}


@pytest.mark.parametrize("wrong", [{"journey_changelog": 3}, {"suppressions": 3}, {"journey": 3}, {"orders": 0}])
def test_a_topic_whose_records_do_not_expire_or_that_is_none_is_refused_with_those_that_may_be_set(
    wrong: dict[str, int],
) -> None:
    with pytest.raises(SetupError, match=r"MAKEGOOD_RETENTION_DAYS: .* name one of orders"):
        kept(**wrong)
