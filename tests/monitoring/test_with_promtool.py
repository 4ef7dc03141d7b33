"""Rules, configurations and the queries of dashboards, as Prometheus and Alertmanager themselves read them."""

import subprocess
from pathlib import Path

import pytest
import yaml

from app.settings import ROOT
from tests.support.monitoring import dashboards, queries

PROMETHEUS = ROOT / "deploy" / "prometheus"


def _said(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_the_configuration_and_every_rule(tools: Path) -> None:
    said = _said(tools / "promtool", "check", "config", PROMETHEUS / "prometheus.yml")
    assert "3 rule files found" in said


def test_alertmanager_takes_the_example(tools: Path) -> None:
    assert "SUCCESS" in _said(tools / "amtool", "check-config", ROOT / "deploy" / "alertmanager" / "alertmanager.yml")


@pytest.mark.parametrize("file", sorted((PROMETHEUS / "tests").glob("*.yml")), ids=lambda file: file.name)
def test_the_rules_do_what_their_tests_say(tools: Path, file: Path) -> None:
    assert "SUCCESS" in _said(tools / "promtool", "test", "rules", file)


def test_a_rule_test_that_is_wrong_fails(tools: Path, tmp_path: Path) -> None:
    wrong = (PROMETHEUS / "tests" / "edge_alerts.test.yml").read_text(encoding="utf-8")
    wrong = wrong.replace("../rules/", f"{PROMETHEUS}/rules/").replace("MakegoodGateStale", "MakegoodGateFresh")
    (tmp_path / "wrong.yml").write_text(wrong, encoding="utf-8")
    command = [str(tools / "promtool"), "test", "rules", str(tmp_path / "wrong.yml")]
    assert subprocess.run(command, capture_output=True, timeout=600, check=False).returncode != 0


def test_every_query_of_the_dashboards_parses(tools: Path, tmp_path: Path) -> None:
    found = [query for dashboard in dashboards() for query in queries(dashboard)]
    rules = [{"record": f"q{number}", "expr": query} for number, query in enumerate(found)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}), encoding="utf-8")
    assert f"{len(found)} rules found" in _said(tools / "promtool", "check", "rules", file)
