"""What dashboards and alerts ask for exists: metrics, labels, runbooks; and what lies written out is up to date."""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import click
import pytest
import yaml
from pydantic_settings import BaseSettings

from app import settings
from app.cli import cli
from app.settings import ROOT
from app.shell.edge_metric_list import PROCESSES
from app.shell.metric import Kind
from tests.support.monitoring import alerts, dashboards, named, queries, rules

JOBS: Final = {process.job for process in PROCESSES}
SCRAPED: Final = frozenset({"job", "instance"})
PROMETHEUS: Final = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
RUNBOOKS: Final = ROOT / "docs" / "runbooks"


@cache
def known() -> dict[str, frozenset[str]]:
    """Every series that Prometheus can have, with its labels."""
    found = {"up": SCRAPED}
    found |= dict.fromkeys(
        ("process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"), SCRAPED
    )
    for metric in (metric for process in PROCESSES for metric in process.metrics):
        labels = SCRAPED | set(metric.labels)
        if metric.kind is Kind.HISTOGRAM:
            found |= {f"{metric.name}_{part}": labels for part in ("count", "sum")}
            found[f"{metric.name}_bucket"] = labels | {"le"}
        else:
            found[metric.name] = labels
    for rule in rules():
        if "record" in rule:
            found[rule["record"]] = SCRAPED | named(rule["expr"]).grouped | _made(rule["expr"])
    return found


def _made(query: str) -> set[str]:
    return set(re.findall(r'label_replace\([^"]*(?:"[^"]*"[^"]*)?, "(\w+)"', query))


def asked() -> Iterator[tuple[str, str]]:
    """Yield every query with the place it stands."""
    yield from ((str(rule.get("alert", rule.get("record"))), str(rule["expr"])) for rule in rules())
    yield from ((dashboard["uid"], query) for dashboard in dashboards() for query in queries(dashboard))


@pytest.mark.parametrize(("where", "query"), list(asked()))
def test_every_series_and_label_that_is_asked_for_exists(where: str, query: str) -> None:
    series, labels = known(), named(query)
    assert labels.series or query == "vector(1)", where
    allowed: set[str] = set()
    for name, chosen_by in labels.series:
        assert name in series, f"{where}: nothing is called {name}"
        assert chosen_by <= series[name], f"{where}: {name} has no label {chosen_by - series[name]}"
        allowed |= series[name]
    assert labels.grouped <= allowed, f"{where}: {labels.grouped - allowed}"


def test_a_series_or_label_that_does_not_exist_would_be_seen() -> None:
    found = named(
        'sum by (le, stage) (rate(makegood_x_bucket{route="/v1/{id}", le=~"1.0"}[5m])) / on (topic) y:z > 0.5'
    )
    assert found.series == (("makegood_x_bucket", frozenset({"route", "le"})), ("y:z", frozenset()))
    assert found.grouped == {"le", "stage", "topic"}


def test_bucket_edges_that_rules_name_are_edges() -> None:
    edges = {metric.name: metric.buckets for process in PROCESSES for metric in process.metrics}
    for _, query in asked():
        for name, edge in re.findall(r'(makegood_\w+)_bucket\{[^}]*le="([\d.]+)"', query):
            assert float(edge) in edges[name]
            assert edge == str(float(edge)), "the client writes 1.0, not 1"


def test_each_process_is_scraped_at_the_port_it_has_and_each_job_is_a_process() -> None:
    ports = {process.job: process.at.rpartition(":")[2] for process in PROCESSES}
    scraped = {}
    for job in PROMETHEUS["scrape_configs"]:
        found = [str(place["port"]) for place in job.get("dns_sd_configs", ())]
        found += [to.rpartition(":")[2] for place in job.get("static_configs", ()) for to in place["targets"]]
        (scraped[job["job_name"]],) = found
    assert scraped == ports
    for _, query in asked():
        assert set(re.findall(r'job="([^"]+)"', query)) <= JOBS


def test_each_alert_has_a_runbook_that_its_annotation_points_at_and_there_is_no_other() -> None:
    told = {rule["alert"] for rule in alerts()}
    assert len(told) == len(alerts())
    for rule in alerts():
        assert rule["annotations"]["runbook_url"] == f"{{{{ $externalLabels.runbooks }}}}/{rule['alert']}.md"
        assert rule["labels"]["severity"] in {"page", "ticket"}
    assert PROMETHEUS["global"]["external_labels"]["runbooks"]
    assert {file.stem for file in RUNBOOKS.glob("Makegood*.md")} == told


@pytest.mark.parametrize("alert", [rule["alert"] for rule in alerts()])
def test_a_runbook_says_what_it_means_what_is_felt_where_to_look_how_to_mend_and_whom_to_wake(alert: str) -> None:
    page = (RUNBOOKS / f"{alert}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {alert}\n")
    wanted = ["What it means", "What customers feel", "Look first", "Mend", "Wake", "Tried"]
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == wanted
    assert f"({alert}.md)" in (RUNBOOKS / "README.md").read_text(encoding="utf-8")


def test_a_runbook_names_only_metrics_alerts_settings_and_commands_that_exist() -> None:
    listed = {metric.name for process in PROCESSES for metric in process.metrics} | set(known())
    groups = [kind for kind in vars(settings).values() if isinstance(kind, type) and issubclass(kind, BaseSettings)]
    env = {f"{kind.model_config.get('env_prefix')}{name.upper()}" for kind in groups for name in kind.model_fields}
    for page in RUNBOOKS.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"`(makegood[_:][\w:]+)", text)) <= listed, page.name
        assert set(re.findall(r"`((?:MAKEGOOD|KAFKA)_\w+)`", text)) <= env, page.name
        for alert in re.findall(r"\b(Makegood[A-Z]\w+)", text):
            assert (RUNBOOKS / f"{alert}.md").exists(), f"{page.name}: {alert}"
        for said in re.findall(r"`makegood ([a-z][^`]*)`", text):
            assert _is_command(said), f"{page.name}: {said}"


def _is_command(said: str) -> bool:
    """Say whether there is such a command, with the options that are given."""
    words = said.split()
    command: click.Command | None = cli
    while isinstance(command, click.Group) and words:
        command = command.get_command(click.Context(command), words.pop(0))
    options = {option for parameter in getattr(command, "params", ()) for option in parameter.opts}
    return command is not None and {word for word in words if word.startswith("--")} <= options


def test_every_alert_is_seen_to_fire_by_a_rule_test() -> None:
    tests = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "deploy/prometheus/tests").glob("*.yml"))
    assert [rule["alert"] for rule in alerts() if f'alertname="{rule["alert"]}"' not in tests] == []


def test_alertmanager_knows_the_alerts_that_it_names() -> None:
    text = (ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"Makegood\w+", text)) <= {rule["alert"] for rule in alerts()}


def test_the_dashboards_are_those_that_their_program_makes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "deploy/grafana/make_dashboards.py", tmp_path], check=True, timeout=60)
    made = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.glob("*.json")}
    kept = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "deploy/grafana/dashboards").glob("*.json")}
    assert made == kept, "run `python deploy/grafana/make_dashboards.py`"


def test_dashboards_have_ids_of_their_own_and_panels_that_do_not_overlap() -> None:
    found = dashboards()
    assert len({dashboard["uid"] for dashboard in found}) == len({board["title"] for board in found}) == len(found) == 4
    for dashboard in found:
        assert re.fullmatch(r"[a-z-]{1,40}", dashboard["uid"])
        panels = dashboard["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        assert len({panel["title"] for panel in panels}) == len(panels)
        for panel in panels:
            assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
            assert panel["description"]
            assert panel["type"] in {"timeseries", "stat"}
            refs = [target["refId"] for target in panel["targets"]]
            assert refs == sorted(set(refs))
        assert not any(_overlap(one["gridPos"], other["gridPos"]) for one, other in combinations(panels, 2))


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[side] < other[side] + other[size] and other[side] < one[side] + one[size]
        for side, size in (("x", "w"), ("y", "h"))
    )


def test_every_metric_is_on_a_dashboard_or_in_a_rule() -> None:
    used = {name for _, query in asked() for name, _ in named(query).series}
    for metric in (metric for process in PROCESSES for metric in process.metrics):
        names = {metric.name, f"{metric.name}_bucket", f"{metric.name}_sum", f"{metric.name}_count"}
        assert names & used or metric.name == "makegood_recovery_restored_records", metric.name


def test_the_data_source_that_panels_name_is_provisioned() -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    source: dict[str, Any] = yaml.safe_load((folder / "datasources/prometheus.yml").read_text(encoding="utf-8"))
    (uid,) = [each["uid"] for each in source["datasources"]]
    for dashboard in dashboards():
        for panel in dashboard["panels"]:
            assert panel["datasource"]["uid"] == uid
            assert all(target["datasource"]["uid"] == uid for target in panel["targets"])
