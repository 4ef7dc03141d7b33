"""One embedded broker's life: start it, know that it serves, stop it, find it again."""

import contextlib
import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, Self

from app.broker import diagnosis, process
from app.broker.java import LOG_CONFIG, class_path, find_java
from app.broker.ports import free_port, require_free
from app.broker.probe import is_serving
from app.broker.properties import HOST, server_properties
from app.broker.storage import DataDir, claimed, format_once, prepare
from app.errors import SetupError

_START_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.05
_PORT_TRIES: Final = 4
_JVM: Final = ("-Xms64m", "-Xmx192m", "-XX:MaxDirectMemorySize=96m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError")
_NOTHING_ELSE: Final[Mapping[str, str]] = MappingProxyType({})


class _How(NamedTuple):
    """How a broker is started; the same again at a restart."""

    java: str
    jars: str
    detached: bool
    also: Mapping[str, str]


class Broker:
    """A running (or ended) embedded broker on loopback.

    Use it as a context manager, or call `stop`. Unless started `detached`, it dies with this process at the latest.
    """

    def __init__(self, data: DataDir, port: int, pid: int, child: "subprocess.Popen[bytes] | None" = None) -> None:
        self.data_dir = data.root
        self.port = port
        self.pid = pid
        self._data = data
        self._child = child
        self._how: _How | None = None

    @classmethod
    def start(
        cls, data_dir: Path, port: int = 0, *, detached: bool = False, also: Mapping[str, str] = _NOTHING_ELSE
    ) -> Self:
        """Start a broker over `data_dir` and return once it serves; port 0 takes a free one.

        `detached`: it outlives this process. `also`: broker properties put over ours (see `server_properties`).

        Raises SetupError, one line, when Java or jars are missing, the port is taken, the disk is full, another broker
        uses the directory, or it does not serve within 90 s.
        """
        return cls._start(DataDir(data_dir.resolve()), port, _How(find_java(), class_path(), detached, also))

    @classmethod
    def running_on(cls, data_dir: Path) -> Self | None:
        """Return the broker that uses `data_dir` now, whoever started it, or None."""
        data = DataDir(data_dir.resolve())
        try:
            noted = json.loads(data.running.read_text(encoding="utf-8"))
            broker = cls(data, port=int(noted["port"]), pid=int(noted["pid"]))
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError):
            return None
        return broker if broker.is_alive() and _is_ours(broker.pid, data) else None

    @property
    def bootstrap(self) -> str:
        """The address for clients: `127.0.0.1:PORT`."""
        return f"{HOST}:{self.port}"

    @property
    def exit_code(self) -> int | None:
        """How it ended, None while it runs or when another process started it."""
        return None if self._child is None else self._child.poll()

    def is_alive(self) -> bool:
        """Return whether its process runs."""
        return process.is_running(self.pid)

    def is_serving(self) -> bool:
        """Return whether it answers a client now."""
        return self.is_alive() and is_serving(self.port)

    def require_alive(self) -> None:
        """Raise SetupError, with the reason from its log, when it has ended by itself."""
        if not self.is_alive():
            raise diagnosis.explain(self._last_words(), self.data_dir, self.port)

    def stop(self) -> None:
        """Stop it cleanly (SIGTERM; SIGKILL after 20 s) and wait until it is gone; its data stays."""
        process.end(self.pid, _STOP_SECONDS)
        self._forget()

    def kill(self) -> None:
        """Kill it (SIGKILL), as a crash would, and wait until it is gone; its data stays."""
        process.kill(self.pid)
        self._forget()

    def restart(self) -> None:
        """Start it again on the same port and data, stopping it first if it runs."""
        self.stop()
        how = self._how or _How(find_java(), class_path(), detached=True, also=_NOTHING_ELSE)
        again = self._start(self._data, self.port, how)
        self.pid, self._child, self._how = again.pid, again._child, how  # noqa: SLF001

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @classmethod
    def _start(cls, data: DataDir, port: int, how: _How) -> Self:
        prepare(data)
        try:
            with claimed(data) as claim:
                if claim is None:
                    raise _in_use(data)
                for _ in range(_PORT_TRIES - 1):
                    with contextlib.suppress(_PortRaceError):
                        return cls._launch(data, port, how, claim)
                return cls._launch(data, port, how, claim)
        except OSError as error:
            raise diagnosis.explain(str(error), data.root, port) from error

    @classmethod
    def _launch(cls, data: DataDir, port: int, how: _How, claim: int) -> Self:
        if port:
            require_free(port)
        chosen = port or free_port()
        controller = free_port(but=chosen)
        data.properties.write_text(server_properties(data.log_dir, chosen, controller, how.also), encoding="ascii")
        format_once(data, how.java, how.jars, claim)
        data.output.unlink(missing_ok=True)
        since = data.broker_log.stat().st_size if data.broker_log.exists() else 0
        child = process.spawn(_command(data, how), data.output, holds=(claim,), outlive_us=how.detached)
        broker = cls(data, chosen, child.pid, child)
        broker._how = how
        with contextlib.ExitStack() as undo:
            undo.callback(broker.kill)
            data.running.write_text(json.dumps({"pid": child.pid, "port": chosen}), encoding="utf-8")
            broker._await_service(since)
            undo.pop_all()
        return broker

    def _await_service(self, since: int) -> None:
        until = time.monotonic() + _START_SECONDS
        while not is_serving(self.port):
            if not self.is_alive():
                raise self._failure(since)
            if time.monotonic() > until:
                raise SetupError(
                    f"the broker did not answer within {_START_SECONDS:.0f} s; its log is {self._data.broker_log}"
                )
            time.sleep(_POLL_SECONDS)

    def _failure(self, since: int) -> SetupError:
        said = self._last_words(since)
        error = diagnosis.explain(said, self.data_dir, self.port)
        return _PortRaceError(str(error)) if diagnosis.lost_port_race(said) else error

    def _last_words(self, since: int = 0) -> str:
        return diagnosis.tail(self._data.broker_log, since) + diagnosis.tail(self._data.output)

    def _forget(self) -> None:
        if self._child is not None:
            self._child.wait()
        self._data.running.unlink(missing_ok=True)


class _PortRaceError(SetupError):
    """Somebody took a port between our look and the broker's start; other ports may do."""


def _command(data: DataDir, how: _How) -> list[str]:
    settings = [f"-Dlog4j2.configurationFile={LOG_CONFIG}", f"-Dmakegood.log={data.broker_log}"]
    return [how.java, *_JVM, *settings, "-cp", how.jars, "kafka.Kafka", str(data.properties)]


def _in_use(data: DataDir) -> SetupError:
    other = Broker.running_on(data.root)
    who = "another broker" if other is None else f"a broker (process {other.pid}, {other.bootstrap})"
    return SetupError(
        f"{who} already uses {data.root}: use that one, stop it (`makegood broker stop --data {data.root}`), "
        "or choose another --data"
    )


def _is_ours(pid: int, data: DataDir) -> bool:
    """Tell a broker over this directory from a process that was given a dead broker's id."""
    with contextlib.suppress(OSError):
        return str(data.properties).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return False
