"""State that an earlier version wrote is read and worked on by today's code: an upgrade begins from the changelogs."""

import pytest

from app.clock import DAY, Instant
from app.directory.stored import decode_state as decode_alias
from app.journey.state import is_reserved
from app.journey.stored import decode_state
from app.main import stages
from app.register.state import decode_entry
from app.stage import KeyedStage, Round
from app.topics import Topic
from app.wire.codec import bundled_codec
from tests.support.golden_changelogs import Changelogs, kept, names, written_today

_FAR = 400 * DAY


@pytest.fixture(params=names())
def changelogs(request: pytest.FixtureRequest) -> Changelogs:
    return kept(request.param)


def keyed() -> tuple[KeyedStage, ...]:
    found = stages(bundled_codec(), data_clock=False)
    return (found.directory, found.journeys, found.register)


def test_every_state_of_an_earlier_version_is_read(changelogs: Changelogs) -> None:
    decoders = {
        Topic.JOURNEY_CHANGELOG: decode_state,
        Topic.DIRECTORY_CHANGELOG: decode_alias,
        Topic.REGISTER_CHANGELOG: decode_entry,
    }
    for topic, decode in decoders.items():
        states = {key: value for key, value in changelogs[topic].items() if not is_reserved(key)}
        assert states, f"nothing is kept of {topic}"
        for value in states.values():
            decode(value)


def test_all_that_waits_in_an_earlier_versions_state_fires_under_the_policy_that_stands_beside_it(
    changelogs: Changelogs,
) -> None:
    for stage in keyed():
        table = dict(changelogs[stage.changelog])
        dues = {key: stage.next_due(value) for key, value in table.items() if not is_reserved(key)}
        until = Instant(max((due for due in dues.values() if due is not None), default=0) + _FAR)
        fired = 0
        while due := [key for key, at in dues.items() if at is not None and at <= until]:
            effects = stage.work(Round(0, (), due, until), table)
            fired += len(due)
            for key, value in effects.changes.items():
                if value is None:
                    del table[key]
                else:
                    table[key] = value
                dues[key] = effects.next_due[key]
        if stage.log is Topic.JOURNEY_LOG:
            assert fired > 0


def test_what_today_is_written_is_of_a_kind_that_is_kept() -> None:
    """Fails when today's states have a kind of key that no kept version has: then keep today's under a new name."""
    today = written_today()
    kinds = {topic: {_kind(topic, key) for name in names() for key in kept(name)[topic]} for topic in today}
    for topic, states in today.items():
        assert {_kind(topic, key) for key in states} <= kinds[topic]


def _kind(topic: Topic, key: bytes) -> bytes:
    if is_reserved(key):
        return key.split(b"\x00")[1]
    if topic is Topic.JOURNEY_CHANGELOG:
        return b"customer"
    return key.split(b":" if topic is Topic.REGISTER_CHANGELOG else b"\x1f")[0]
