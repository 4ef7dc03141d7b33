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
from app.broker.storage import DataDir, format_once, prepare, turn_of
from app.errors import SetupError

_START_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.05
_PORT_TRIES: Final = 4
_JVM: Final = ("-Xms64m", "-Xmx192m", "-XX:MaxDirectMemorySize=48m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError")


_NOTHING_ELSE: Final[Mapping[str, str]] = MappingProxyType({})


class _Launch(NamedTuple):
    """How a broker was started, to start it so again."""

    detached: bool
    also: Mapping[str, str]


class Broker:
    """A running (or ended) embedded broker on loopback.

    Use it as a context manager, or call `stop`. Unless started `detached`, it dies with this process at the latest.
    """

    def __init__(
        self,
        data: DataDir,
        port: int,
        pid: int,
        child: "subprocess.Popen[bytes] | None" = None,
        launch: _Launch | None = None,
    ) -> None:
        self.data_dir = data.root
        self.port = port
        self.pid = pid
        self._data = data
        self._child = child
        self._as = launch or _Launch(detached=True, also=_NOTHING_ELSE)

    @classmethod
    def start(
        cls, data_dir: Path, port: int = 0, *, detached: bool = False, also: Mapping[str, str] = _NOTHING_ELSE
    ) -> Self:
        """Start a broker over `data_dir` and return once it serves; port 0 takes a free one.

        `detached`: it outlives this process. `also`: broker properties put over ours (see `server_properties`).

        Raises SetupError, one line, when Java or jars are missing, the port is taken, the disk is full, another broker
        uses the directory, or it does not serve within 90 s.
        """
        data = DataDir(data_dir.resolve())
        launch = _Launch(detached, also)
        java, jars = find_java(), class_path()
        prepare(data)
        try:
            with turn_of(data):
                _refuse_a_second(data)
                for _ in range(_PORT_TRIES - 1):
                    with contextlib.suppress(_PortRaceError):
                        return cls._launch(data, port, java, jars, launch)
                return cls._launch(data, port, java, jars, launch)
        except OSError as error:
            raise diagnosis.explain(str(error), data.root, port) from error

    @classmethod
    def running_on(cls, data_dir: Path) -> Self | None:
        """Return the broker that uses `data_dir` now, whoever started it, or None."""
        data = DataDir(data_dir.resolve())
        try:
            noted = json.loads(data.running.read_text(encoding="utf-8"))
            broker = cls(data, port=int(noted["port"]), pid=int(noted["pid"]))
        except (FileNotFoundError, ValueError, KeyError):
            return None
        return broker if broker.is_alive() and _is_ours(broker.pid, data) else None

    @classmethod
    def _launch(cls, data: DataDir, port: int, java: str, jars: str, launch: _Launch) -> Self:
        if port:
            require_free(port)
        chosen = port or free_port()
        data.properties.write_text(server_properties(data.log_dir, chosen, free_port(), launch.also), encoding="ascii")
        format_once(data, java, jars)
        data.output.unlink(missing_ok=True)
        since = data.broker_log.stat().st_size if data.broker_log.exists() else 0
        command = [java, *_JVM, f"-Dlog4j2.configurationFile={LOG_CONFIG}", f"-Dmakegood.log={data.broker_log}"]
        command += ["-cp", jars, "kafka.Kafka", str(data.properties)]
        child = process.spawn(command, data.output, outlive_us=launch.detached)
        broker = cls(data, chosen, child.pid, child, launch)
        with contextlib.ExitStack() as undo:
            undo.callback(broker.kill)
            broker._note()
            broker._await_service(since)
            undo.pop_all()
        return broker

    @property
    def bootstrap(self) -> str:
        """The address for clients: `127.0.0.1:PORT`."""
        return f"{HOST}:{self.port}"

    def is_alive(self) -> bool:
        """Return whether its process runs."""
        return process.is_running(self.pid)

    @property
    def exit_code(self) -> int | None:
        """How it ended, None while it runs or when another process started it."""
        return None if self._child is None else self._child.poll()

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
        again = type(self).start(self.data_dir, self.port, detached=self._as.detached, also=self._as.also)
        self.pid, self._child = again.pid, again._child  # noqa: SLF001

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

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

    def _note(self) -> None:
        self._data.running.write_text(json.dumps({"pid": self.pid, "port": self.port}), encoding="utf-8")

    def _forget(self) -> None:
        if self._child is not None:
            self._child.wait()
        self._data.running.unlink(missing_ok=True)


class _PortRaceError(SetupError):
    """Somebody took a port between our look and the broker's start; other ports may do."""


def _refuse_a_second(data: DataDir) -> None:
    other = Broker.running_on(data.root)
    if other is not None:
        raise SetupError(
            f"a broker (process {other.pid}, {other.bootstrap}) already uses {data.root}: use that one, "
            f"stop it (`makegood broker stop --data {data.root}`), or choose another --data"
        )


def _is_ours(pid: int, data: DataDir) -> bool:
    """Tell a broker over this directory from a process that was given a dead broker's id."""
    with contextlib.suppress(OSError):
        return str(data.properties).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return False
