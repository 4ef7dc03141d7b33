"""Rules, alerts and dashboards as they lie in deploy/, and what their PromQL names."""

import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final, NamedTuple

import yaml

from app.settings import ROOT

RULES: Final = ROOT / "deploy" / "prometheus" / "rules"
DASHBOARDS: Final = ROOT / "deploy" / "grafana" / "dashboards"

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_GROUPED: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_NAMED: Final = re.compile(r"(?<![\w:$.])([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?")
_MATCHER: Final = re.compile(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)")
_WORDS: Final = frozenset("and or unless bool offset by without on ignoring group_left group_right inf nan".split())  # noqa: SIM905


class Named(NamedTuple):
    """What a query asks for: series with the labels they are chosen by, and the labels it groups or joins by."""

    series: tuple[tuple[str, frozenset[str]], ...]
    grouped: frozenset[str]


def named(query: str) -> Named:
    """Return what a query names; functions, which are followed by a parenthesis, are left out."""
    grouped = {label.strip() for group in _GROUPED.findall(query) for label in group.split(",") if label.strip()}
    plain = _GROUPED.sub(" ", _STRING.sub('""', query))
    plain = re.sub(r"\[[^\]]*\]", " ", plain)
    series = []
    for found in _NAMED.finditer(plain):
        word = found[1]
        if word in _WORDS or plain[found.end() :].lstrip().startswith("("):
            continue
        series.append((word, frozenset(_MATCHER.findall(found[2] or ""))))
    return Named(tuple(series), frozenset(grouped))


@cache
def rules() -> tuple[dict[str, Any], ...]:
    """Return every recording and alert rule."""
    read = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(RULES.glob("*.yml"))]
    return tuple(rule for file in read for group in file["groups"] for rule in group["rules"])


def alerts() -> list[dict[str, Any]]:
    """Return every alert rule."""
    return [rule for rule in rules() if "alert" in rule]


def dashboards() -> list[dict[str, Any]]:
    """Return every dashboard."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(DASHBOARDS.glob("*.json"))]


def queries(dashboard: dict[str, Any]) -> Iterable[str]:
    """Yield a dashboard's queries as Prometheus gets them."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"].replace("$__rate_interval", "1m")
