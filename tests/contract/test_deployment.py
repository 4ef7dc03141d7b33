"""What is written down twice must agree: locks with the project, the compose file with the settings and the pom."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from app.settings import ROOT, KafkaSettings, WebSettings, WorkerSettings

_NAME = re.compile(r"^([A-Za-z0-9._-]+)")


def test_the_lock_pins_every_declared_package_as_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = _locked("requirements.lock")
    for requirement in project["dependencies"] + project["optional-dependencies"]["dev"]:
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
    known = {f"KAFKA_{name.upper()}" for name in KafkaSettings.model_fields}
    known |= {f"MAKEGOOD_{name.upper()}" for name in WorkerSettings.model_fields}
    known |= {f"MAKEGOOD_SITE_{name.upper()}" for name in WebSettings.model_fields}
    used = set(re.findall(r"\b(MAKEGOOD_[A-Z_]+)=", (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8")))
    for service in _compose()["services"].values():
        if service["image"].startswith("makegood"):
            used |= service["environment"].keys()
    assert used
    assert used <= known


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
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return read


def _locked(file: str) -> dict[str, str]:
    return dict(_pins((ROOT / file).read_text(encoding="utf-8")))


def _pins(text: str) -> Iterator[tuple[str, str]]:
    for name, version in re.findall(r"^([a-zA-Z0-9._-]+)==(\S+)", text, re.MULTILINE):
        yield _plain(name), version


def _plain(requirement: str) -> str:
    match = _NAME.match(requirement)
    assert match is not None
    return re.sub(r"[-_.]+", "-", match[1].partition(">")[0]).lower()
