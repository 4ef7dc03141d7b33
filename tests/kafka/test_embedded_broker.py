"""The launcher against real processes: a Java, ports, signals, a disk that says no."""

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from app.broker import Broker, storage
from app.broker.ports import free_port
from app.errors import SetupError

_CLI = [sys.executable, "-m", "app", "broker"]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broker with a space")


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker.start(tmp_path_factory.mktemp("own broker")) as started:
        yield started


@pytest.fixture
def broker(own_broker: Broker) -> Broker:
    """This module's broker, alive whatever the last test did to it."""
    if not own_broker.is_serving():
        own_broker.restart()
    return own_broker


@pytest.mark.expects_error_log("not found in cluster metadata")  # the broker lists a new topic a moment later
def test_records_survive_a_clean_stop_and_a_kill_on_the_same_port(broker: Broker, topic_prefix: str) -> None:
    topic = topic_prefix + "kept"
    asyncio.run(_create(broker.bootstrap, topic))
    asyncio.run(_write(broker.bootstrap, topic, b"before the stop"))
    address, first = broker.bootstrap, broker.pid
    broker.restart()
    assert broker.bootstrap == address
    assert broker.pid != first
    asyncio.run(_write(address, topic, b"before the kill"))
    broker.kill()
    assert not broker.is_alive()
    broker.restart()
    assert asyncio.run(_read(address, topic, 2)) == [b"before the stop", b"before the kill"]


def test_a_topic_is_never_made_by_using_it(broker: Broker, topic_prefix: str) -> None:
    async def ask() -> set[str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        try:
            await admin.describe_topics([topic_prefix + "typo"])
            return set(await admin.list_topics())
        finally:
            await admin.close()

    assert topic_prefix + "typo" not in asyncio.run(ask())


def test_a_second_broker_on_the_same_data_is_refused_and_the_first_goes_on(broker: Broker) -> None:
    with pytest.raises(SetupError, match=f"process {broker.pid}.*already uses"):
        Broker.start(broker.data_dir)
    assert broker.is_serving()


def test_a_second_broker_is_refused_even_when_the_note_of_the_first_is_lost(broker: Broker, topic_prefix: str) -> None:
    note = broker.data_dir / "running.json"
    kept = note.read_bytes()
    note.unlink()
    with pytest.raises(SetupError, match="another broker already uses"):
        Broker.start(broker.data_dir)
    note.write_bytes(kept)
    # a metadata log that another controller wrote into is found corrupt at the next commit
    asyncio.run(_create(broker.bootstrap, topic_prefix + "after"))
    assert broker.is_serving()


def test_of_two_starts_at_once_on_the_same_data_one_wins_and_one_is_refused(data_dir: Path) -> None:
    commands = [_foreground(data_dir), _foreground(data_dir)]
    try:
        assert _within(60, lambda: any(command.poll() is not None for command in commands))
        (loser,) = [command for command in commands if command.poll() is not None]
        assert "already uses" in loser.communicate(timeout=30)[1]
    finally:
        for command in commands:
            command.terminate()
            command.communicate(timeout=30)


def test_the_broker_takes_little_memory(broker: Broker) -> None:
    status = Path(f"/proc/{broker.pid}/status").read_text(encoding="ascii")
    resident_kb = int(status.partition("VmRSS:")[2].split()[0])
    assert resident_kb < 330_000


def test_a_taken_port_is_named_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = _run("start", "--port", str(port), "--data", str(tmp_path))
    _is_one_line(told, f"port {port} on 127.0.0.1 is taken", "KAFKA_BOOTSTRAP")


def test_no_java_says_what_to_install(tmp_path: Path) -> None:
    told = _run("start", "--data", str(tmp_path), PATH=str(tmp_path))
    _is_one_line(told, "no `java` on the PATH", "openjdk-17-jre-headless")


def test_a_java_that_is_too_old_is_named_with_its_version(tmp_path: Path) -> None:
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.22\" 2024-01-16' >&2\n", encoding="ascii")
    old.chmod(0o755)
    told = _run("start", "--data", str(tmp_path / "data"), PATH=f"{tmp_path}:/bin:/usr/bin")
    _is_one_line(told, f"{old} is Java 11", "Java 17 or newer")


def test_java_home_without_a_java_is_named(tmp_path: Path) -> None:
    told = _run("start", "--data", str(tmp_path), JAVA_HOME=str(tmp_path))
    _is_one_line(told, f"JAVA_HOME={tmp_path} has no bin/java")


def test_a_disk_that_takes_no_more_is_called_full(tmp_path: Path) -> None:
    told = _run("start", "--port", "0", "--data", str(tmp_path), before=_let_no_file_grow)
    _is_one_line(told, f"the disk that holds {tmp_path} is full", "free at least 200 MB")


def test_a_disk_without_enough_room_is_refused_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_ROOM_NEEDED", 1 << 60)
    with pytest.raises(SetupError, match="is full"):
        Broker.start(tmp_path)


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("", encoding="ascii")
    with pytest.raises(SetupError, match="choose another --data"):
        Broker.start(tmp_path / "data")


def test_data_of_another_cluster_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "meta.properties").write_text("version=1\ncluster.id=other\nnode.id=7\n", encoding="ascii")
    with pytest.raises(SetupError, match="holds another cluster's data"):
        Broker.start(tmp_path)


def test_ctrl_c_on_the_foreground_command_stops_the_broker(data_dir: Path) -> None:
    command = _foreground(data_dir)
    broker = _once_it_serves(data_dir, command)
    os.killpg(command.pid, signal.SIGINT)
    said, _ = command.communicate(timeout=30)
    assert command.returncode == 0
    assert "stopped the broker" in said
    assert not broker.is_alive()


def test_a_killed_parent_takes_its_broker_with_it(data_dir: Path) -> None:
    command = _foreground(data_dir)
    broker = _once_it_serves(data_dir, command)
    command.kill()
    command.communicate(timeout=30)
    assert _within(5, lambda: not broker.is_alive())


def test_a_detached_broker_is_found_told_of_and_stopped_by_later_commands(data_dir: Path) -> None:
    assert _run("status", "--data", str(data_dir)).returncode == 1
    started = _run("start", "--detach", "--port", str(free_port()), "--data", str(data_dir))
    broker = Broker.running_on(data_dir)
    assert broker is not None, started.stderr
    try:
        told = _run("status", "--data", str(data_dir))
        assert (told.returncode, told.stdout) == (0, f"process {broker.pid} on {broker.bootstrap} serves\n")
    finally:
        stopped = _run("stop", "--data", str(data_dir))
    assert stopped.stdout.startswith("stopped the broker on")
    assert not broker.is_alive()


def test_the_foreground_command_says_why_its_broker_died(data_dir: Path) -> None:
    command = _foreground(data_dir)
    broker = _once_it_serves(data_dir, command)
    os.kill(broker.pid, signal.SIGKILL)
    _, complaint = command.communicate(timeout=30)
    assert command.returncode == 2
    assert complaint.startswith("makegood: the embedded broker ended unexpectedly")


def _foreground(data_dir: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*_CLI, "start", "--port", "0", "--data", str(data_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _once_it_serves(data_dir: Path, command: "subprocess.Popen[str]") -> Broker:
    def ready() -> bool:
        assert command.poll() is None, command.communicate()
        found = Broker.running_on(data_dir)
        return found is not None and found.is_serving()

    assert _within(60, ready)
    assert command.stdout is not None
    # it has taken over the signals once it says so
    while "Ctrl-C" not in command.stdout.readline():
        assert command.poll() is None
    found = Broker.running_on(data_dir)
    assert found is not None
    return found


def _run(
    *arguments: str, before: Callable[[], None] | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*_CLI, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        env={**os.environ, **environment},
        preexec_fn=before,
    )


def _is_one_line(told: "subprocess.CompletedProcess[str]", *parts: str) -> None:
    assert told.returncode == 2
    assert told.stderr.startswith("makegood: ")
    assert told.stderr.count("\n") == 1
    for part in parts:
        assert part in told.stderr


def _let_no_file_grow() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


async def _create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()


async def _write(bootstrap: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await producer.send_and_wait(topic, value)


async def _read(bootstrap: str, topic: str, count: int) -> Sequence[bytes | None]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    async with consumer:
        return [(await asyncio.wait_for(consumer.getone(), 20)).value for _ in range(count)]
