"""What we override or call of Faust, mode and aiokafka is there in the versions that are installed (decision 0001).

A method of ours whose model has gone or been renamed would never be called, and a mend would silently be none.
"""

import inspect
import re
import tomllib
from importlib.metadata import version
from typing import Any, Final

import faust
import mode.services
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer import message_accumulator, sender
from aiokafka.producer.transaction_manager import TransactionManager
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.drivers import aiokafka as driver

from app.settings import ROOT
from app.shell import batch_path, recovery
from app.shell.batch_writing import BatchToWrite

OURS: Final[dict[Any, set[str]]] = {
    batch_path.SliceConsumer: {"begin", "finish", "release_partitions"},
    batch_path.SliceThread: {"seek", "_seek_all"},
    recovery.ElsewhereStore: set(),
    recovery.StateTable: set(),
    recovery.BulkRecovery: {"_recover", "_wait_to_end"},
    recovery.BulkTableManager: set(),
}
"""Our subclasses, and those of their methods that override nothing."""

CALLED: Final[list[tuple[Any, str]]] = [
    (driver.Consumer, "_to_message"),
    (driver.Consumer, "_wait_next_records"),
    (driver.Consumer, "_add_gap"),
    (driver.AIOKafkaConsumerThread, "call_thread"),
    (driver.AIOKafkaConsumerThread, "_ensure_consumer"),
    (Recovery, "_set_recovery_started"),
    (Recovery, "on_recovery_completed"),
    (Recovery, "_wait"),
    (TableManager, "recovery"),
    (fetcher, "MemoryRecords"),
    (PartitionRecords, "_consumer_record"),
    (PartitionRecords, "_unpack_records"),
    (GroupCoordinator, "_send_req"),
    (AIOKafkaClient, "add_topic"),
    (TransactionManager, "begin_transaction"),
    (faust.App, "_new_transport"),
    (faust.App, "crash"),
]


def _pins() -> dict[str, str]:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    return dict(one.split("==", 1) for one in declared if "==" in one)


@pytest.mark.parametrize("name", ["faust-streaming", "aiokafka"])
def test_the_versions_installed_are_the_ones_pinned(name: str) -> None:
    assert version(name) == _pins()[name]


@pytest.mark.parametrize("ours", OURS, ids=lambda ours: ours.__name__)
def test_every_method_of_our_subclasses_overrides_one(ours: Any) -> None:
    written = {name for name, what in vars(ours).items() if callable(what) or isinstance(what, property)}
    mine = {name for name in written if not name.startswith("__")} - OURS[ours]
    assert {name for name in mine if not any(hasattr(base, name) for base in ours.__bases__)} == set()


@pytest.mark.parametrize(("owner", "name"), CALLED, ids=lambda one: getattr(one, "__name__", one))
def test_what_we_call_is_there(owner: Any, name: str) -> None:
    assert hasattr(owner, name)


def test_what_we_look_at_in_a_consumer_is_made_by_it() -> None:
    made = inspect.getsource(AIOKafkaConsumer)
    assert "self._coordinator" in made
    assert "self._subscription" in made
    assert "self._fetcher" in made
    assert "self._client" in made


def test_a_failure_of_the_fetching_task_can_be_asked_for() -> None:
    assert "return self._fetch_task" in inspect.getsource(fetcher.Fetcher.error_future.fget)
    assert "self._fetch_task = create_task(self._fetch_requests_routine())" in inspect.getsource(fetcher.Fetcher)


def test_a_batch_of_ours_has_all_that_the_sender_asks_of_one() -> None:
    asked = set(re.findall(r"\b_builder\.(\w+)\(", inspect.getsource(message_accumulator.MessageBatch)))
    asked |= set(re.findall(r"\._builder\.(\w+)\(", inspect.getsource(message_accumulator.MessageAccumulator)))
    assert asked == {"append", "close", "closed", "record_count", "_set_producer_state", "_build"}
    assert {name for name in asked if not hasattr(BatchToWrite, name)} == set()
    assert "builder." not in inspect.getsource(AIOKafkaProducer.send_batch)


def test_a_transaction_that_comes_too_soon_waits_as_long_as_we_say() -> None:
    assert "return BACKOFF_OVERRIDE" in inspect.getsource(sender.AddPartitionsToTxnHandler.handle_response)


def test_a_producer_that_was_started_has_its_identity_before_it_begins() -> None:
    begins = inspect.getsource(sender.Sender.start)
    assert "await self._maybe_wait_for_pid()" in begins


def test_a_crash_is_still_told_by_the_event_we_wait_for() -> None:
    assert "self._crashed" in inspect.getsource(mode.services)
