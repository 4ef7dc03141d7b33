"""`make run`, as a stranger starts and stops it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener

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
        "MAKEGOOD_SITE_PORT": str(_free_port()),
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
        assert "parcel stopped moving" in _page(told, "/customers/C-1001")
        assert _publish(environment, "order_placed", '{"order_id": ""}') == 2
        assert _publish(environment, "understocked", _UNDERSTOCKED) == 0
        assert _publish(environment, "order_placed", _ORDER) == 0
        _until(log, "HOLD      ann", demo)
    finally:
        os.kill(demo.pid, signal.SIGINT)
        assert demo.wait(60) == 0
    assert _children_of(demo.pid) == []


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _page(told: str, path: str) -> str:
    """Log in with the link that was printed, and read a page."""
    (link,) = re.findall(r"http://\S+/login\?token=\S+", told)
    browser = build_opener(HTTPCookieProcessor())
    browser.addheaders = [("Accept", "text/html")]
    with browser.open(link) as board:
        assert board.status == 200
    with browser.open(link.partition("/login")[0] + path) as page:
        text: str = page.read().decode()
    return text


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
