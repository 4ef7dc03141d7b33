"""`make run`, as a stranger starts and stops it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from app.settings import KafkaSettings

_PATIENCE_SECONDS = 150


def _children_of(group: int) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "pgid=,pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.split()[0] == str(group)]


def test_the_stories_are_told_and_an_event_of_ones_own_is_answered_until_ctrl_c(
    kafka_settings: KafkaSettings, topic_prefix: str, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP": kafka_settings.bootstrap,
        "MAKEGOOD_TOPIC_PREFIX": topic_prefix,
        "MAKEGOOD_APPLICATION_ID": topic_prefix + "demo",
        "MAKEGOOD_STATE_DIR": str(tmp_path),
        "MAKEGOOD_WEB_PORT": "0",
        "PYTHONUNBUFFERED": "1",
    }
    log = tmp_path / "demo.log"
    with log.open("wb") as said:
        demo = subprocess.Popen(
            [sys.executable, "-m", "app", "demo"],
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _until(log, "From here on", demo)
        told = log.read_text()
        assert re.search(r"HOLD +C-1001: no promotion", told)
        assert re.search(r"RELEASE +C-1001", told)
        assert re.search(r"REMEDY +C-2002: refund of 94.98 USD", told)
        assert "REFUSED" not in told
        assert _publish(environment, "order_placed", '{"order_id": ""}') == 2
        assert _publish(environment, "understocked", _UNDERSTOCKED) == 0
        assert _publish(environment, "order_placed", _ORDER) == 0
        _until(log, "HOLD      ann", demo)
    finally:
        os.kill(demo.pid, signal.SIGINT)
        assert demo.wait(60) == 0
    assert _children_of(demo.pid) == []


_NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
_ORDER = (
    f'{{"order_id": "1", "customer_id": "ann", "brand": "deals", "occurred_at": "{_NOW}",'
    ' "value": {"amount": "49.00", "currency": "USD"},'
    ' "lines": [{"line_id": "1", "product_id": "P", "name": "bracket", "quantity": 1, "unit_price": "49.00"}]}'
)
_UNDERSTOCKED = f'{{"order_id": "1", "occurred_at": "{_NOW}"}}'


def _publish(environment: dict[str, str], event: str, payload: str) -> int:
    command = [sys.executable, "-m", "app", "publish", "orders", event, payload]
    return subprocess.run(command, env=environment, check=False).returncode


def _until(log: Path, words: str, demo: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while words not in log.read_text():
        assert demo.poll() is None, log.read_text()
        assert time.monotonic() < until, f"{words!r} was not said:\n{log.read_text()}"
        time.sleep(0.2)
