"""Grafana's JSON of the dashboards in dashboards.yml: `python deploy/grafana/make_dashboards.py [FOLDER]`."""  # noqa: INP001 - a program, no package

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

HERE: Final = Path(__file__).parent
SOURCE: Final = {"type": "prometheus", "uid": "makegood-prometheus"}
"""The data source of provisioning/datasources."""
_COLUMNS: Final = 24

Plain = dict[str, Any]


def written(dashboard: Plain) -> Plain:
    """Return a dashboard in Grafana's own form."""
    return {
        "uid": dashboard["uid"],
        "title": dashboard["title"],
        "tags": ["makegood"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": []},
        "annotations": {"list": []},
        "links": [{"type": "dashboards", "tags": ["makegood"], "title": "Makegood", "asDropdown": True}],
        "panels": list(_placed(dashboard["panels"])),
    }


def _placed(panels: Sequence[Plain]) -> Iterator[Plain]:
    """Yield the panels from left to right, row by row."""
    x = y = row = 0
    for number, panel in enumerate(panels, start=1):
        width, height = panel.get("width", 8), panel.get("height", 7)
        if x + width > _COLUMNS:
            x, y, row = 0, y + row, 0
        yield _panel(panel, number, {"x": x, "y": y, "w": width, "h": height})
        x, row = x + width, max(row, height)


def _panel(panel: Plain, number: int, place: dict[str, int]) -> Plain:
    steps: list[Plain] = [{"color": "green", "value": None}]
    steps += [
        {"color": colour, "value": limit}
        for limit, colour in zip(panel.get("limits", ()), ("orange", "red"), strict=False)
    ]
    return {
        "id": number,
        "type": panel.get("kind", "timeseries"),
        "title": panel["title"],
        "description": panel["help"],
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {
                "unit": panel.get("unit", "short"),
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {},
        "targets": [
            {"refId": chr(ord("A") + letter), "datasource": SOURCE, "expr": query, "legendFormat": legend or "__auto"}
            for letter, (legend, query) in enumerate(panel["queries"].items())
        ],
    }


def main(folder: Path) -> None:
    """Write every dashboard into the folder."""
    for dashboard in yaml.safe_load((HERE / "dashboards.yml").read_text(encoding="utf-8")):
        text = json.dumps(written(dashboard), indent=1, ensure_ascii=False) + "\n"
        (folder / f"{dashboard['uid']}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "dashboards")
