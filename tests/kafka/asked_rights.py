"""What a principal may really do: each thing is asked of the broker itself, one request each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.protocol.admin import DescribeAclsRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from app.settings import KafkaSettings
from app.shell.kafka_client import client_options

_REFUSALS: Final = frozenset({29, 30, 31, 53})
"""Kafka's error codes for: not authorised on topic, group, cluster, transactional id."""
_BYTES: Final = 64 * 1024
_GROUP, _TRANSACTION = 0, 1


class Asker:
    """Asks as one principal."""

    def __init__(self, admin: AIOKafkaAdminClient) -> None:
        self._admin = admin

    async def may_read(self, topic: str) -> bool:
        request = FetchRequest(100, 0, _BYTES, 0, [(topic, [(0, 0, _BYTES)])])
        return _let(found[1] for _, parts in (await self._send(request)).topics for found in parts)

    async def may_write(self, topic: str) -> bool:
        batch = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, _BYTES)
        batch.append(0, 0, b"rubbish", b"rubbish", [])
        request = ProduceRequest(None, -1, 5_000, [(topic, [(0, bytes(batch.build()))])])
        return _let(found[1] for _, parts in (await self._send(request)).topics for found in parts)

    async def may_use_group(self, group: str) -> bool:
        if not _let([(await self._send(FindCoordinatorRequest(group, _GROUP))).error_code]):
            return False
        return _let([(await self._send(HeartbeatRequest(group, -1, "nobody"))).error_code])

    async def may_begin(self, transactional_id: str) -> bool:
        if not _let([(await self._send(FindCoordinatorRequest(transactional_id, _TRANSACTION))).error_code]):
            return False
        return _let([(await self._send(InitProducerIdRequest(transactional_id, 5_000))).error_code])

    async def may_create(self, topic: str) -> bool:
        answer = await self._admin.create_topics([NewTopic(topic, 1, 1)], validate_only=True)
        return _let(found[1] for found in answer.topic_errors)

    async def may_see_rights(self) -> bool:
        return _let([(await self._send(DescribeAclsRequest(1, None, 1, None, None, 1, 1))).error_code])

    async def _send(self, request: Any) -> Any:
        # the one broker is every partition's leader and every group's coordinator
        return await self._admin._send_request(request)


def _let(codes: Any) -> bool:
    found = list(codes)
    assert found, "the broker answered nothing"
    return not any(code in _REFUSALS for code in found)


@asynccontextmanager
async def asking(kafka: KafkaSettings) -> AsyncIterator[Asker]:
    """Log in and ask."""
    admin = AIOKafkaAdminClient(**client_options(kafka))
    await admin.start()
    try:
        yield Asker(admin)
    finally:
        await admin.close()
