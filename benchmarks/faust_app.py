"""A Faust app set up as its documentation recommends for throughput: what every contender on it begins with."""

from pathlib import Path
from typing import Final

import faust

_LINGER_SECONDS: Final = 0.05


def faust_app(name: str, bootstrap: str, guarantee: str, commit_seconds: float, folder: Path | str) -> faust.App:
    """Return the app: raw bytes, a producer that lingers, table state in memory, no web server."""
    return faust.App(
        name,
        broker=f"aiokafka://{bootstrap}",
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        processing_guarantee=guarantee,
        producer_linger=_LINGER_SECONDS,
        broker_commit_interval=commit_seconds,
        consumer_auto_offset_reset="earliest",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        autodiscover=False,
        datadir=folder,
    )
