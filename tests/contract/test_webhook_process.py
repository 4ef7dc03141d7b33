"""`makegood webhooks serve` as a process: it answers, says 503 without a broker, and stops when it is told to."""

import base64
import hashlib
import hmac
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from app.broker.ports import free_port
from app.settings import ROOT
from tests.support.webhooks import raw

SECRET = "s3cret"


def _status(request: urllib.request.Request | str) -> int:
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_without_a_broker_a_webhook_is_told_to_come_back_and_sigterm_ends_it(tmp_path: Path) -> None:
    port = free_port()
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "MAKEGOOD_WEBHOOK_PORT": str(port),
        "MAKEGOOD_WEBHOOK_PATIENCE_S": "0.5",
        "MAKEGOOD_WEBHOOK_SHOPIFY_SECRET": SECRET,
    }
    log = tmp_path / "log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "app", "webhooks", "serve"]
        process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=output, stderr=output)
    try:
        until = time.monotonic() + 60
        while _status(f"http://127.0.0.1:{port}/healthz") != 200:
            assert time.monotonic() < until, log.read_text()
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        body = raw("shopify/orders_create")
        signed = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        headers = {"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-Sha256": signed, "X-Shopify-Event-Id": "e"}
        url = f"http://127.0.0.1:{port}/v1/webhooks/shopify"
        assert _status(urllib.request.Request(url, data=body, headers=headers)) == 503
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert 'makegood_webhooks_total{source="shopify",status="503"} 1.0' in answer.read().decode()
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    said = log.read_text()
    assert "status=503" in said
    assert "june@example.com" not in said
    assert SECRET not in said
