"""What the limits' pieces came to, as a table of a page."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

_LOAD: Final = ("seconds", "records", "sent", "stopped_after_s", "letters_when_stopped")
_HEAD: Final = (
    "piece",
    "scale",
    "load",
    "memory before, most, after (MiB)",
    "clock behind (s)",
    "unread in a partition",
    "largest state (bytes)",
    "caught up (s)",
    "wrong",
)


def table(folder: Path, pieces: Iterable[str]) -> str:
    """Return the newest result of each piece that has one in the folder, a line each."""
    files = {name: folder / f"{name}.json" for name in pieces}
    found = {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.exists()}
    lines = [_HEAD, ["---" for _ in _HEAD], *(_cells(name, seen) for name, seen in found.items())]
    return "\n".join(map(_line, lines)) + "\n"


def _cells(name: str, found: dict[str, Any]) -> Iterable[str]:
    yield f"`{name}`"
    yield f"{found['scale']:g}"
    yield ", ".join(f"{found[what]:,} {what.replace('_', ' ')}" for what in _LOAD if found.get(what) is not None)
    yield ", ".join(f"{mib:.0f}" for mib in found["rss_mib"].values())
    yield f"{found['clock_lag_s']:.1f}"
    yield f"{found['unread_in_a_partition']:,.0f}"
    yield f"{found['largest_customer_bytes']:,}"
    yield f"{found['caught_up_s']:.0f}"
    yield "; ".join(found["wrong"]) or "nothing"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
