"""The stages themselves under odd events: what intake lets through must not stop a worker."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from random import Random
from typing import Any, Final

from app.clock import DAY, HOUR, MINUTE, Instant
from app.decide import load_folder
from app.decide.folder import version_of
from app.errors import InvalidRecord
from app.facts import Source
from app.intake.stamp import replay_headers
from app.journey.activation import activation
from app.main import stages
from app.replay.memory import MemoryCluster
from app.replay.stories import bundled
from app.settings import ROOT
from app.stage import OutRecord
from app.topics import CHANGELOGS, Topic
from app.wire.codec import bundled_codec
from app.wire.payload import encode_event
from tests.fuzz.mutation import reshaped
from tests.fuzz.target import ACCEPTED
from tests.support.pipeline import at_once

LIFE: Final = 400
"""Cases that one shop sees; the next then begins with nothing. To repeat case n, play from n - n % LIFE."""
_BEGINS: Final = 20 * DAY
_ORDER: Final = (Topic.DIRECTORY, Topic.REGISTER_LOG, Topic.JOURNEY_LOG, Topic.REGISTER_LOG, Topic.JOURNEY_LOG)
_STEPS: Final = (0, 1, MINUTE, HOUR, 5 * HOUR, DAY)


@cache
def events() -> list[tuple[Instant, Topic, str, dict[str, Any]]]:
    """Return every event of the bundled stories, by time."""
    found = [
        (entry.at, entry.event.topic, entry.event.type, dict(entry.event.payload))
        for story in bundled()
        for entry in story.timeline
        if entry.event is not None
    ]
    return sorted(found, key=lambda event: event[0])


class Shop:
    """All stages in memory, a policy active, and a clock that only goes on."""

    def __init__(self, begins: int = 0) -> None:
        self.cluster = MemoryCluster(*_stages())
        self.now = Instant(events()[0][0] + begins)
        self._sequence = 0
        self.said: dict[Topic, list[bytes]] = defaultdict(list)
        files = load_folder(ROOT / "policies" / "default")
        for log in (Topic.JOURNEY_LOG, Topic.REGISTER_LOG):
            at_once(self.cluster.publish([activation(version_of(files), files, self.now, 0, log)]))

    def publish(self, topic: Topic, value: bytes) -> list[OutRecord]:
        """Let a record in and work everything that comes of it up to now."""
        self._sequence += 1
        headers = replay_headers(self.now, self._sequence, Source(topic.value, 0, self._sequence))
        at_once(self.cluster.publish([OutRecord(topic, b"k", value, headers)]))
        return self.tick()

    def tick(self) -> list[OutRecord]:
        """Work everything up to now; return what came out."""
        for log in _ORDER:
            at_once(self.cluster.tick(log, self.now))
        return list(at_once(self.cluster.outputs()))

    def states(self, changelog: Topic) -> Mapping[bytes, bytes]:
        """Return a stage's states."""
        found: Mapping[bytes, bytes] = at_once(self.cluster.states(changelog))
        return found

    @classmethod
    def after_the_stories(cls) -> dict[Topic, list[bytes]]:
        """Return what is on every topic but the inputs once the stories have been told."""
        shop, found = cls(), defaultdict(list)
        write = shop.cluster._write

        def noting(records: Any) -> None:
            records = list(records)
            for record in records:
                if record.value is not None:
                    found[record.topic].append(record.value)
            write(records)

        shop.cluster._write = noting  # type: ignore[method-assign]
        for at, topic, event, payload in events():
            shop.now = Instant(max(shop.now, at))
            shop.publish(topic, encode_event(topic, event, payload))
        for changelog in CHANGELOGS:
            found[changelog] += shop.states(changelog).values()
        return {topic: [value for value in values if not value.startswith(b"tick:")] for topic, values in found.items()}


class Shops:
    """One shop after the other, each alive for so many cases."""

    def __init__(self) -> None:
        self._shop: Shop | None = None
        self._cases = 0

    def case(self, rng: Random) -> str:
        """One more event of the stories, as somebody else might have sent it, after some time."""
        if self._shop is None or self._cases % LIFE == 0:
            self._shop = Shop(_BEGINS)
        self._cases += 1
        shop = self._shop
        shop.now = Instant(shop.now + rng.choice(_STEPS))
        known = bisect_right(events(), shop.now + DAY, key=lambda each: each[0])
        _, topic, event, payload = events()[rng.randrange(known)]
        if rng.random() < 0.6:
            payload = reshaped(rng, payload, _payloads())
        try:
            value = encode_event(topic, event, payload)
        except InvalidRecord as error:
            return f"by the sender: {error.reason}"
        said = shop.publish(topic, value)
        refused = [record for record in said if record.topic is Topic.DEAD_LETTERS]
        return "dead letter" if refused else ACCEPTED


@cache
def _payloads() -> list[dict[str, Any]]:
    return [payload for _, _, _, payload in events()]


@cache
def _stages() -> Any:
    return stages(bundled_codec(), data_clock=True)
