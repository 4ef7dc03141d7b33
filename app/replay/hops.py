"""One stretch through journey and register: a customer's question is answered before that customer goes on (0007).

The register decides in one order over all customers. So it is ticked to the earliest open question, the journeys go on
with the answer, perhaps to the next question, and so on until nobody asks any more; whoever asks stands still. What is
stated for all customers is alone in its stretch and comes before them. Nothing depends on where stretches are cut.
"""

import heapq
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from app.clock import Instant
from app.facts import AccountLeft, AccountTroubled, Fact, Question, decode_fact
from app.stage import OutRecord
from app.topics import Topic

Ends = Mapping[Any, int]
"""Where each partition of ours ends, in the cluster's own terms."""


class Hops(Protocol):
    """What a stretch is worked on."""

    async def tick(self, log: Topic, at: Instant) -> Ends:
        """Write a tick to every partition of a log; return where each ends with it."""
        ...

    async def passed(self, ends: Ends) -> None:
        """Wait until everything before these ends has been worked, and what came out of it is written."""
        ...

    async def grown(self, ends: Ends) -> bool:
        """Return whether anything was written to the partitions after these ends."""
        ...

    async def registered(self) -> Sequence[OutRecord]:
        """Return the records of the register's log since the last call."""
        ...


async def work(hops: Hops, until: Instant, *, spans: bool) -> None:
    """Let journeys and register take in what they were given, up to `until`.

    `spans`: some of it is for all customers. What a journey hands to another customer's place in the log (somebody has
    become somebody else) is taken in before the stretch is over, as in memory.
    """
    if spans:
        await settle(hops, Topic.REGISTER_LOG, until)
        await settle(hops, Topic.JOURNEY_LOG, until)
    await settle(hops, Topic.JOURNEY_LOG, until)
    told = _facts(await hops.registered())
    open_questions = _asked(told)
    heapq.heapify(open_questions)
    concerns_others = _concerns_others(told)
    while open_questions:
        earliest = open_questions[0]
        while open_questions and open_questions[0] == earliest:
            heapq.heappop(open_questions)
        await settle(hops, Topic.REGISTER_LOG, earliest)
        await settle(hops, Topic.JOURNEY_LOG, until)
        told = _facts(await hops.registered())
        concerns_others = concerns_others or _concerns_others(told)
        for moment in _asked(told):
            heapq.heappush(open_questions, moment)
    await settle(hops, Topic.REGISTER_LOG, until)
    if concerns_others:
        await settle(hops, Topic.JOURNEY_LOG, until)


async def settle(hops: Hops, log: Topic, clock: Instant) -> None:
    """Let a stage take in its log while its clock stands still, until it has nothing more to tell itself."""
    ticked = await hops.tick(log, clock)
    await hops.passed(ticked)
    while await hops.grown(ticked):
        ticked = await hops.tick(log, clock)
        await hops.passed(ticked)


def _facts(records: Sequence[OutRecord]) -> list[Fact]:
    """Return the facts among the register log's records; ticks and policies are none."""
    return [decode_fact(record.value) for record in records if record.key is not None and record.value is not None]


def _asked(facts: Sequence[Fact]) -> list[Instant]:
    """Return when questions were asked."""
    return [fact.known_at for fact in facts if isinstance(fact.what, Question)]


def _concerns_others(facts: Sequence[Fact]) -> bool:
    """Say whether something was told that others hear of though they have not asked (decision 0016)."""
    return any(isinstance(fact.what, AccountTroubled | AccountLeft) for fact in facts)
