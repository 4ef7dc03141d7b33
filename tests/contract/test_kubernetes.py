"""deploy/kubernetes against Kubernetes' own schemas, and every name in it against the code."""

import copy
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml
from click.testing import CliRunner

from app.cli import cli
from app.decide import policy_in
from app.settings import ROOT, KafkaSettings, SinkSettings, WebhookSettings, WebSettings, WorkerSettings
from app.shell import metric_list
from app.shell.metric import Metric

HERE: Final = ROOT / "deploy/kubernetes"
BASE: Final = HERE / "base"
EXAMPLE: Final = HERE / "overlays/example"
PATCHES: Final = {"kustomization.yaml", "settings.yaml", "policy.yaml"}
SERVED_BY: Final = {
    "worker": "app/shell/worker_web.py",
    "web": "app/web/service.py",
    "webhooks": "app/web/webhook_server.py",
    "sinks": "app/shell/sink_metrics.py",
}

Manifest = Any


def documents(file: Path) -> list[Manifest]:
    return [one for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one]


def manifests() -> list[Manifest]:
    files = [*sorted(BASE.glob("*.yaml")), EXAMPLE / "ingress.yaml"]
    return [one for file in files if file.name != "kustomization.yaml" for one in documents(file)]


def named(kind: str, name: str) -> Manifest:
    (found,) = [one for one in manifests() if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def pods() -> Iterator[tuple[str, Manifest]]:
    for one in manifests():
        if "template" in one.get("spec", {}):
            yield one["metadata"]["name"], one["spec"]["template"]


def containers() -> Iterator[tuple[Manifest, Manifest]]:
    for _, pod in pods():
        for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
            yield pod, container


def settings() -> dict[str, str]:
    example = documents(EXAMPLE / "settings.yaml")[0]["data"]
    return {**named("ConfigMap", "makegood-settings")["data"], **example}


@pytest.mark.parametrize("version", ["1.31", "1.34", "1.37"])
def test_every_manifest_is_what_kubernetes_takes(version: str) -> None:
    assert len(manifests()) > 15
    for one in manifests():
        kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("StatefulSet", ("spec", "podManagmentPolicy"), "Parallel"),
        ("StatefulSet", ("spec", "updateStrategy", "rollingUpdate", "partition"), "none"),
        ("HorizontalPodAutoscaler", ("spec", "maxReplicas"), "twelve"),
    ],
)
def test_a_manifest_with_a_mistake_is_refused(kind: str, path: tuple[str, ...], value: object) -> None:
    broken = copy.deepcopy(named(kind, "makegood-worker"))
    at = broken
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.34", strict=True)


def test_kustomize_knows_every_file_and_patches_only_what_is_there() -> None:
    (base,) = documents(BASE / "kustomization.yaml")
    assert set(base["resources"]) == {file.name for file in BASE.glob("*.yaml")} - {"kustomization.yaml"}
    (example,) = documents(EXAMPLE / "kustomization.yaml")
    files = {file.name for file in EXAMPLE.glob("*.yaml")}
    assert files == {*example["resources"], *(patch["path"] for patch in example["patches"]), "kustomization.yaml"} - {
        "../../base"
    }
    for patch in example["patches"]:
        if "target" in patch:
            assert named(patch["target"]["kind"], patch["target"]["name"])
    assert named("ConfigMap", documents(EXAMPLE / "settings.yaml")[0]["metadata"]["name"])
    assert all(image["name"] in {"makegood", base["images"][0]["newName"]} for image in example["images"])


def test_every_variable_is_a_setting_and_every_value_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = (KafkaSettings, WorkerSettings, WebSettings, WebhookSettings, SinkSettings)
    known = {
        f"{one.model_config.get('env_prefix', '')}{name}".upper(): one for one in classes for name in one.model_fields
    }
    names = {*settings(), *(entry["name"] for _, each in containers() for entry in each.get("env", ()))}
    assert names - known.keys() == set()
    for name, value in settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KAFKA_SASL_USERNAME", "makegood")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "x")
    assert {one: one(_env_file=None) for one in classes}


def test_every_command_is_one() -> None:
    for _, container in containers():
        told = CliRunner().invoke(cli, [*container["args"], "--help"])
        assert told.exit_code == 0, told.output


def test_every_port_is_the_processs_own_and_every_path_is_served() -> None:
    ports: dict[str, Any] = {
        "worker": WorkerSettings,
        "web": WebSettings,
        "webhooks": WebhookSettings,
        "sinks": SinkSettings,
    }
    for pod, container in containers():
        if "ports" not in container:
            continue
        (port,) = container["ports"]
        fields = ports[container["name"]].model_fields
        assert port["containerPort"] == fields["web_port" if container["name"] == "worker" else "port"].default
        assert pod["metadata"]["annotations"]["prometheus.io/port"] == str(port["containerPort"])
        source = (ROOT / SERVED_BY[container["name"]]).read_text(encoding="utf-8")
        probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
        assert {probe["port"] for probe in probes} == {port["name"]}
        for path in {probe["path"] for probe in probes} | {"/metrics"}:
            assert f'"{path}"' in source, f"{container['name']} does not serve {path}"
    for service in (one for one in manifests() if one["kind"] == "Service"):
        name = service["metadata"]["name"].removeprefix("makegood-")
        (container,) = (each for _, each in containers() if each["name"] == name)
        assert service["spec"]["ports"][0]["port"] == container["ports"][0]["containerPort"]


def test_whatever_selects_pods_finds_some() -> None:
    labels = [pod["metadata"]["labels"] for _, pod in pods()]
    selectors = list(_selectors(manifests()))
    assert len(selectors) > 10
    for selector in selectors:
        assert any(selector.items() <= each.items() for each in labels), selector


def _selectors(node: Any) -> Iterator[dict[str, str]]:
    if isinstance(node, list):
        for one in node:
            yield from _selectors(one)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in {"selector", "podSelector", "labelSelector"} and value:
                yield value.get("matchLabels", value)
            elif name != "namespaceSelector":
                yield from _selectors(value)


def test_nothing_runs_as_root_writes_its_own_files_or_may_ask_kubernetes() -> None:
    for _, pod in pods():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert str(spec["securityContext"]["runAsUser"]) in (ROOT / "deploy/docker/Dockerfile").read_text()
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
            assert settings()["MAKEGOOD_STATE_DIR"] in mounted
            assert container["resources"]["limits"]["memory"]


def test_secrets_are_named_and_never_held() -> None:
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    assert not [one for one in manifests() if one["kind"] == "Secret"]
    wanted = set(re.findall(r"secretName: (\S+)|secretRef:\s+name: (\S+)", "".join(_texts())))
    for names in wanted:
        assert f"`{''.join(names)}`" in readme
    secret = [name for one in (KafkaSettings, SinkSettings, WebhookSettings) for name in _secrets(one)]
    assert not set(secret) & settings().keys()


def _texts() -> Iterator[str]:
    for file in (*BASE.glob("*.yaml"), *EXAMPLE.glob("*.yaml")):
        yield file.read_text(encoding="utf-8")


def _secrets(group: Any) -> Iterator[str]:
    for name, field in group.model_fields.items():
        if "SecretStr" in str(field.annotation):
            yield f"{group.model_config['env_prefix']}{name}".upper()


def test_no_more_workers_than_partitions_and_rollouts_wait_for_recovery() -> None:
    worker = named("StatefulSet", "makegood-worker")["spec"]
    scaler = named("HorizontalPodAutoscaler", "makegood-worker")["spec"]
    assert scaler["maxReplicas"] == int(settings()["MAKEGOOD_PARTITIONS"])
    assert "replicas" not in worker
    assert worker["podManagementPolicy"] == "Parallel"
    assert worker["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert named("PodDisruptionBudget", "makegood-worker")["spec"]["maxUnavailable"] == 1
    seconds = worker["template"]["spec"]["terminationGracePeriodSeconds"]
    assert seconds * 1_000 > int(settings()["MAKEGOOD_SESSION_TIMEOUT_MS"])


def test_a_worker_gives_way_to_the_gate_on_a_full_node() -> None:
    asked = {container["name"]: container["resources"] for _, container in containers()}
    assert _cores(asked["web"]["requests"]["cpu"]) >= 2 * _cores(asked["worker"]["requests"]["cpu"])
    # a limit takes the processor away even where it is free
    assert not [name for name, resources in asked.items() if "cpu" in resources["limits"]]


def _cores(quantity: str) -> float:
    return float(quantity.removesuffix("m")) / (1000 if quantity.endswith("m") else 1)


def test_the_autoscalers_metric_is_made_of_one_that_workers_have() -> None:
    (values,) = documents(HERE / "prometheus-adapter.yaml")
    (rule,) = values["rules"]["external"]
    scaler = named("HorizontalPodAutoscaler", "makegood-worker")["spec"]
    assert rule["name"]["as"] == scaler["metrics"][0]["external"]["metric"]["name"]
    known = {one.name: one for one in vars(metric_list).values() if isinstance(one, Metric)}
    texts = (rule["metricsQuery"], rule["seriesQuery"])
    (name,) = {found for text in texts for found in re.findall(r"makegood_\w+", text)}
    (by,) = re.findall(r"by \(([^)]*)\)", rule["metricsQuery"])
    assert tuple(by.split(", ")) == known[name].labels


def test_the_examples_policy_is_sound_where_it_is_mounted(tmp_path: Path) -> None:
    mounted = Path(settings()["MAKEGOOD_POLICY_DIR"])
    (mount,) = [op["value"]["mountPath"] for op in documents(EXAMPLE / "policy.yaml")[0] if "mountPath" in op["value"]]
    assert mount == str(mounted)
    assert f"COPY policies {mounted.parent}" in (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8")
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    shutil.copytree(EXAMPLE / "policy", tmp_path / "policies" / mounted.name)
    assert policy_in(tmp_path / "policies" / mounted.name).name == "shop"
