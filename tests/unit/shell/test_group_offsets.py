"""A coordinator that cannot say how far the group has come is asked again, and never believed."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError

from app.shell.group_offsets import committed_offsets

LOG = TopicPartition("log", 0)
LOADING, UNKNOWN_TOPIC, NOT_AUTHORIZED = 14, 3, 30


class Coordinator:
    """Answers in turn what it was given."""

    group_id = "g"

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    async def ensure_coordinator_known(self) -> None:
        pass

    def coordinator_dead(self) -> None:
        pass

    async def _send_req(self, request: Any) -> Any:
        return self._answers.pop(0)


def answer(*partitions: tuple[int, int, str, int], error: int = 0) -> Any:
    return SimpleNamespace(error_code=error, topics=[("log", list(partitions))] if partitions else [])


@pytest.mark.parametrize(
    "first", [answer(error=LOADING), answer((0, -1, "", UNKNOWN_TOPIC)), answer((0, -1, "", LOADING)), answer()]
)
def test_an_answer_that_says_nothing_is_not_taken_for_a_log_never_read(first: Any) -> None:
    asked = Coordinator(first, answer((0, 7, "", 0)))
    assert asyncio.run(committed_offsets(asked, [LOG])) == {LOG: 7}


def test_what_was_never_committed_is_said_so() -> None:
    assert asyncio.run(committed_offsets(Coordinator(answer((0, -1, "", 0))), [LOG])) == {LOG: None}


def test_an_error_that_does_not_pass_is_raised() -> None:
    with pytest.raises(KafkaError) as raised:
        asyncio.run(committed_offsets(Coordinator(answer(error=NOT_AUTHORIZED)), [LOG]))
    assert isinstance(raised.value, GroupAuthorizationFailedError)


def test_nothing_is_asked_about_no_partitions() -> None:
    assert asyncio.run(committed_offsets(Coordinator(), [])) == {}
