"""What is written down twice must agree: locks with the project, the compose file with the settings and the pom."""

import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

import pytest
import yaml
from click.testing import CliRunner
from pydantic_settings import BaseSettings

from app import settings
from app.cli import cli
from app.settings import ROOT
from app.shell.edge_metric_list import PROCESSES

COMPOSE: Final = ROOT / "docker-compose.yml"
SETTINGS: Final = [
    group
    for group in vars(settings).values()
    if isinstance(group, type) and issubclass(group, BaseSettings) and group is not BaseSettings
]
_NAME = re.compile(r"^([A-Za-z0-9._-]+)")


def test_the_lock_pins_every_declared_package_as_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = _locked("requirements.lock")
    for requirement in (*project["dependencies"], *chain(*project["optional-dependencies"].values())):
        name, _, version = requirement.partition("==")
        assert _plain(name) in locked, requirement
        assert not version or locked[_plain(name)] == version


def test_the_image_installs_the_versions_that_were_tested_and_no_development_tools() -> None:
    image, tested = _locked("deploy/docker/requirements.lock"), _locked("requirements.lock")
    assert image.items() <= tested.items()
    assert not {"pytest", "mypy", "ruff", "hypothesis", "pip-tools"} & image.keys()


@pytest.mark.parametrize("lock", ["requirements.lock", "deploy/docker/requirements.lock"])
def test_a_lock_names_hashes_for_each_package_and_no_place_to_fetch_from(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    packages = [block for block in re.split(r"\n(?=[a-zA-Z])", text) if "==" in block.split("\n")[0]]
    assert packages
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text
    assert all("--hash=sha256:" in package for package in packages)


def test_every_setting_in_the_compose_file_and_the_image_exists() -> None:
    known = {f"{group.model_config['env_prefix']}{name.upper()}" for group in SETTINGS for name in group.model_fields}
    used = set(re.findall(r"\b(MAKEGOOD_[A-Z_]+)=", _dockerfile() + COMPOSE.read_text(encoding="utf-8")))
    for service in _ours().values():
        used |= service["environment"].keys()
    assert "MAKEGOOD_WEBHOOK_SHOPIFY_SECRET" in used
    assert used <= known


def test_every_image_is_pinned_to_a_version() -> None:
    images = [service["image"] for service in _compose()["services"].values() if service not in _ours().values()]
    images += re.findall(r"^FROM (\S+)", _dockerfile(), re.MULTILINE)
    assert images
    for image in images:
        assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+[\w.-]*", image), image


def test_compose_runs_commands_that_there_are_at_ports_that_they_serve() -> None:
    ports = {process.command: process.at.rpartition(":")[2] for process in PROCESSES}
    exposed = re.findall(r"^EXPOSE (.+)$", _dockerfile(), re.MULTILINE)
    assert exposed[0].split() == list(ports.values())
    for name, service in _ours().items():
        command = service.get("command", ["worker"])
        done = CliRunner().invoke(cli, [*command, "--help"])
        assert done.exit_code == 0, (name, done.output)
        port = ports.get(" ".join(["makegood", *command]))
        if port is None:
            assert "healthcheck" not in service, name
            continue
        assert f"http://127.0.0.1:{port}/healthz" in service["healthcheck"]["test"][-1]
        assert all(published == f"127.0.0.1:{port}:{port}" for published in service.get("ports", []))


def test_every_file_that_compose_mounts_and_the_image_copies_is_there() -> None:
    for service in _compose()["services"].values():
        for volume in service.get("volumes", []):
            source, target, *mode = volume.split(":")
            if source.startswith("."):
                assert (ROOT / source).exists(), volume
                assert mode == ["ro"], volume
            else:
                assert source in _compose()["volumes"], volume
            assert target.startswith("/")
    for line in re.findall(r"^COPY (?!--from)(.+)$", _dockerfile(), re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def test_grafana_finds_the_dashboards_where_compose_puts_them_and_prometheus_alertmanager() -> None:
    services = _compose()["services"]
    provided = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/makegood.yml").read_text("utf-8"))
    (place,) = [each["options"]["path"] for each in provided["providers"]]
    assert f"./deploy/grafana/dashboards:{place}:ro" in services["grafana"]["volumes"]
    prometheus = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text("utf-8"))
    hosts = {address.partition(":")[0] for address in _targets(prometheus)}
    assert hosts == {"worker", "web", "webhooks", "sinks", "alertmanager"}
    assert hosts <= services.keys()


def _targets(prometheus: Any) -> Iterator[str]:
    for manager in prometheus["alerting"]["alertmanagers"]:
        yield from chain(*(found["targets"] for found in manager["static_configs"]))
    for job in prometheus["scrape_configs"]:
        yield from chain(*(found["targets"] for found in job.get("static_configs", [])))
        yield from chain(*(found["names"] for found in job.get("dns_sd_configs", [])))


def test_what_is_ours_runs_without_root_on_a_file_system_that_cannot_be_written() -> None:
    assert re.findall(r"^USER (.+)$", _dockerfile(), re.MULTILINE) == ["10001"]
    for name, service in _ours().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        writable = {place.split(":")[0] for place in service["tmpfs"]}
        writable |= {volume.split(":")[1] for volume in service.get("volumes", [])}
        assert writable == {"/tmp", "/var/lib/makegood"}, name


def test_on_a_busy_machine_the_gate_goes_first_and_workers_last() -> None:
    services = _compose()["services"]
    gate, broker, worker = (services[name]["cpu_shares"] for name in ("web", "kafka", "worker"))
    others = [service.get("cpu_shares", 1024) for name, service in services.items() if name not in {"web", "kafka"}]
    assert gate > broker > max(others)
    assert worker == min(others)


def test_compose_runs_the_kafka_version_that_is_tested() -> None:
    pom = (ROOT / "deploy/kafka/pom.xml").read_text(encoding="utf-8")
    (version,) = re.findall(r"<kafka\.version>(.+)</kafka\.version>", pom)
    assert _compose()["services"]["kafka"]["image"] == f"apache/kafka:{version}"


def test_workers_wait_for_topics_policy_and_schemas_and_nothing_is_published_beyond_loopback() -> None:
    services = _compose()["services"]
    for first, then in (("topics", "policy"), ("policy", "worker"), ("schemas", "worker")):
        assert services[then]["depends_on"][first]["condition"] == "service_completed_successfully"
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_every_jar_has_a_digest_written_down() -> None:
    lines = (ROOT / "deploy/kafka/jars.sha256").read_text(encoding="ascii").splitlines()
    assert all(re.fullmatch(r"[0-9a-f]{64}  \S+\.jar", line) for line in lines)
    assert {line.split()[1] for line in lines} == {
        jar.name for jar in (ROOT / "deploy/kafka/target/jars").glob("*.jar")
    }


def _compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return read


def _ours() -> dict[str, Any]:
    services: dict[str, Any] = _compose()["services"]
    return {name: service for name, service in services.items() if service["image"].startswith("makegood")}


def _dockerfile() -> str:
    return (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8")


def _locked(file: str) -> dict[str, str]:
    return dict(_pins((ROOT / file).read_text(encoding="utf-8")))


def _pins(text: str) -> Iterator[tuple[str, str]]:
    for name, version in re.findall(r"^([a-zA-Z0-9._-]+)==(\S+)", text, re.MULTILINE):
        yield _plain(name), version


def _plain(requirement: str) -> str:
    match = _NAME.match(requirement)
    assert match is not None
    return re.sub(r"[-_.]+", "-", match[1].partition(">")[0]).lower()
