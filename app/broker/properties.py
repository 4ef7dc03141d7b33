"""The embedded broker's configuration: one node that is broker and controller, on loopback only."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

HOST: Final = "127.0.0.1"

_FIXED: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    # a typing error in a topic name must fail, not make a topic
    "auto.create.topics.enable": "false",
    # internal topics: one copy is all one node can hold; few partitions keep start and restart short
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # nobody else is about to join: do not wait for them
    "group.initial.rebalance.delay.ms": "0",
    # a dead worker's open transaction holds up every read_committed reader: look for it each second, not every ten
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # a killed broker may register again only when its old session has ended; the default is 9 s
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # a replay deletes its namespace at the end: give the disk back at once
    "log.segment.delete.delay.ms": "1000",
    # the default, 128 MB, would be half of our memory
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    "num.network.threads": "2",
    "num.io.threads": "4",
}


def server_properties(
    log_dir: Path, port: int, controller_port: int, also: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return the text of `server.properties` for a node whose data is in `log_dir`; `also` is put over ours.

    `{port}` and `{controller_port}` in a value of `also` stand for the chosen ports.
    The voter list is static and read anew at each start, so the controller's port may differ from run to run.
    """
    listeners = f"PLAINTEXT://{HOST}:{port}"
    where = {
        "listeners": f"{listeners},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": listeners,
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "log.dirs": str(log_dir),
    }
    theirs = {
        name: value.replace("{port}", str(port)).replace("{controller_port}", str(controller_port))
        for name, value in also.items()
    }
    return "".join(f"{name}={_escaped(value)}\n" for name, value in (_FIXED | where | theirs).items())


def _escaped(value: str) -> str:
    """Escape a value for Java's properties format, where a backslash begins an escape and Latin-1 is the encoding."""
    text = value.replace("\\", "\\\\")
    return "".join(char if char.isascii() else f"\\u{ord(char):04x}" for char in text)
