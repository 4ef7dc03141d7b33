"""What a worker says of itself: its metrics, read from its own web server."""

from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from app.shell.metric_list import COMPUTE


def compute_seconds(web_port: int) -> dict[str, float]:
    """Return how many seconds each keyed stage has computed so far, by stage."""
    return sums(web_port, f"{COMPUTE.name}_sum", "stage")


def sums(web_port: int, sample: str, label: str) -> dict[str, float]:
    """Return a sample's values by one of its labels."""
    with urlopen(f"http://127.0.0.1:{web_port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            if one.name == sample:
                found[one.labels[label]] = found.get(one.labels[label], 0.0) + one.value
    return found
