"""How far the group has committed, as its coordinator says it; never "nowhere" because it could not say.

aiokafka 0.14 ignores the error of a whole OffsetFetch answer, and takes an unknown topic for one never committed. While
a coordinator that has just started loads its offsets, a consumer of it would begin every log anew (decision 0001).
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final, Protocol

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, NoError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest

_PAUSE_SECONDS: Final = 0.1


class Coordinator(Protocol):
    """What is asked of aiokafka's group coordinator."""

    group_id: str

    async def ensure_coordinator_known(self) -> None:
        """Find the coordinator."""
        ...

    def coordinator_dead(self) -> None:
        """Look for the coordinator anew."""
        ...

    async def _send_req(self, request: Any) -> Any: ...


async def committed_offsets(
    coordinator: Coordinator, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, int | None]:
    """Return each partition's committed offset, None where the coordinator says that there is none.

    Asks again as long as the answer is an error that passes; KafkaError for one that does not (no right to read).
    """
    wanted = list(partitions)
    by_topic: dict[str, list[int]] = defaultdict(list)
    for place in wanted:
        by_topic[place.topic].append(place.partition)
    while wanted:
        await coordinator.ensure_coordinator_known()
        try:
            answer = await coordinator._send_req(OffsetFetchRequest(coordinator.group_id, list(by_topic.items())))  # noqa: SLF001 - it has no public way to ask
            found = _read(answer)
        except KafkaError as error:
            if not error.retriable:
                raise
            coordinator.coordinator_dead()
            await asyncio.sleep(_PAUSE_SECONDS)
            continue
        return {place: found[place] for place in wanted}
    return {}


def _read(answer: Any) -> dict[TopicPartition, int | None]:
    codes = {getattr(answer, "error_code", 0)}
    found: dict[TopicPartition, int | None] = {}
    for topic, partitions in answer.topics:
        for partition, offset, _metadata, code in partitions:
            codes.add(code)
            found[TopicPartition(topic, partition)] = None if offset < 0 else offset
    for error in map(for_code, codes):
        if error is not NoError:
            raise error
    if not found:
        raise KafkaConnectionError("an answer about no partition")
    return found
