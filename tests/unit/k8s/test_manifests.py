"""The manifests of k8s/: whole, known to Kubernetes' own models, tight, and in step with the settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import kubernetes.client as models
import pytest
import yaml

from aiops.adapters.bundle.configuration import load_settings
from aiops.settings import Settings

K8S = Path(__file__).resolve().parents[3] / "k8s"
BASE, OVERLAY = K8S / "base", K8S / "overlays" / "example"
KINDS = {
    ("v1", "Namespace"): "V1Namespace",
    ("v1", "ServiceAccount"): "V1ServiceAccount",
    ("v1", "ConfigMap"): "V1ConfigMap",
    ("v1", "PersistentVolumeClaim"): "V1PersistentVolumeClaim",
    ("v1", "Service"): "V1Service",
    ("rbac.authorization.k8s.io/v1", "Role"): "V1Role",
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): "V1RoleBinding",
    ("networking.k8s.io/v1", "NetworkPolicy"): "V1NetworkPolicy",
    ("policy/v1", "PodDisruptionBudget"): "V1PodDisruptionBudget",
}
OTHERS = {
    ("ray.io/v1", "RayJob"),
    ("kafka.strimzi.io/v1beta2", "KafkaTopic"),
    ("kafka.strimzi.io/v1beta2", "KafkaUser"),
}
"""Kinds of operators, whose schemas are not in Kubernetes' models."""


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in (BASE, OVERLAY):
        for file in sorted(folder.glob("*.yaml")):
            for document in yaml.safe_load_all(file.read_text()):
                if document["kind"] != "Kustomization":
                    yield f"{folder.name}/{file.name}", document


ALL = list(documents())


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [document for _, document in ALL if document["kind"] == kind]


def strictly(value: Any, model: str, place: str) -> list[str]:
    """Where a value does not fit one of Kubernetes' models: unknown fields, wrong shapes, missing required fields."""
    if model in {"str", "int", "float", "bool", "object", "datetime"}:
        right = {"str": str, "int": int, "float": (int, float), "bool": bool}.get(model, object)
        wrong = not isinstance(value, cast("type", right)) or (model == "int" and isinstance(value, bool))
        return [f"{place}: {value!r} is no {model}"] if wrong else []
    if model.startswith("List["):
        if not isinstance(value, list):
            return [f"{place}: no list"]
        return [p for n, one in enumerate(value) for p in strictly(one, model[5:-1], f"{place}[{n}]")]
    if model.startswith("Dict["):
        inner = model[5:-1].split(", ", 1)[1]
        if not isinstance(value, dict):
            return [f"{place}: no map"]
        return [p for key, one in value.items() for p in strictly(one, inner, f"{place}.{key}")]
    kind: Any = getattr(models, model)
    if not isinstance(value, dict):
        return [f"{place}: no {model}"]
    fields = {json: (kind.openapi_types[name], name) for name, json in kind.attribute_map.items()}
    problems = [f"{place}: {model} has no field {key!r}" for key in value if key not in fields]
    given = {fields[key][1] for key in value if key in fields}
    missing = [name for name, field in kind.model_fields.items() if field.is_required() and name not in given]
    problems += [f"{place}: {model} needs {name!r}" for name in missing]
    return problems + [
        p for key, one in value.items() if key in fields for p in strictly(one, fields[key][0], f"{place}.{key}")
    ]


@pytest.mark.parametrize("folder", [BASE, OVERLAY], ids=lambda folder: folder.name)
def test_everything_a_kustomization_names_is_there_and_nothing_else(folder: Path) -> None:
    """Resources and patches exist; no manifest lies about unused."""
    named = yaml.safe_load((folder / "kustomization.yaml").read_text())
    files = [*named["resources"], *(patch["path"] for patch in named.get("patches", ()))]

    assert all((folder / file).exists() for file in files)
    assert {file.name for file in folder.glob("*.yaml")} - {"kustomization.yaml"} == {f for f in files if "/" not in f}


@pytest.mark.parametrize(("place", "document"), ALL, ids=lambda value: value if isinstance(value, str) else "")
def test_manifests_fit_kubernetes_models(place: str, document: dict[str, Any]) -> None:
    """No unknown field, no wrong type, nothing required missing; operators' kinds have at least a known version."""
    kind = document["apiVersion"], document["kind"]

    if kind in KINDS:
        assert strictly(document, KINDS[kind], place) == []
    else:
        assert kind in OTHERS


def test_the_check_would_see_mistakes() -> None:
    """A field of no model, a string for a number, a missing name."""
    service = {"spec": {"ports": [{"port": "8765", "prt": 1}]}}

    problems = strictly(service, "V1Service", "x")

    assert any("no field 'prt'" in problem for problem in problems)
    assert any("is no int" in problem for problem in problems)
    assert strictly({"spec": {"ports": [{}]}}, "V1Service", "x")


def pods() -> list[dict[str, Any]]:
    (job,) = of_kind("RayJob")
    cluster = job["spec"]["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [group["template"] for group in groups]


def test_pods_fit_the_models_and_are_confined() -> None:
    """Not root, no privileges, a read-only root, no token of the API, bounded memory, no secret in the clear."""
    assert len(pods()) == 2
    for template in pods():
        assert strictly(template, "V1PodTemplateSpec", "pod") == []
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False
            assert security["readOnlyRootFilesystem"]
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert {e["name"] for e in container["env"] if "valueFrom" in e} == {
                "AIOPS_CONTROL__JOURNAL",
                "AIOPS_CONSOLE__TOKEN",
            }
        volumes = {volume["name"] for volume in spec["volumes"]}
        assert all(mount["name"] in volumes for c in spec["containers"] for mount in c["volumeMounts"])


def test_ray_asks_for_its_token() -> None:
    """Without it anybody who reaches the head may run code."""
    (job,) = of_kind("RayJob")

    assert job["spec"]["rayClusterSpec"]["authOptions"] == {"mode": "token"}


@pytest.mark.parametrize("name", ["config.yaml", "settings.yaml"])
def test_the_settings_in_the_config_map_can_be_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the environment that the pods have; and they agree with topics and volumes."""
    settings = mapped(name, tmp_path, monkeypatch)

    assert settings.ray == "auto"
    assert settings.control.journal == "postgresql://u@h/d"
    assert settings.console.token == "t" * 32
    mounts = {m["mountPath"] for template in pods() for m in template["spec"]["containers"][0]["volumeMounts"]}
    assert str(settings.state) in mounts
    assert settings.control.shadow, "an estate decides for itself when actions begin"


def mapped(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (document,) = [d for place, d in ALL if place.endswith(f"/{name}")]
    file = tmp_path / "aiops.yaml"
    file.write_text(document["data"]["aiops.yaml"])
    monkeypatch.setenv("AIOPS_CONTROL__JOURNAL", "postgresql://u@h/d")
    monkeypatch.setenv("AIOPS_CONSOLE__TOKEN", "t" * 32)
    return load_settings(file)


def test_topics_are_those_that_the_runtime_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, partitions and compaction as `aiops up` would make them."""
    settings = mapped("config.yaml", tmp_path, monkeypatch)
    names = settings.topics
    slots = dict.fromkeys((*names.telemetry, names.keyed), settings.kafka.partitions)
    ones = dict.fromkeys((*names.control, names.incidents, names.actions, names.audit, names.dead_letters), 1)

    topics = {topic["spec"]["topicName"]: topic for topic in of_kind("KafkaTopic")}

    assert {name: topic["spec"]["partitions"] for name, topic in topics.items()} == slots | ones
    assert {topic["spec"]["replicas"] for topic in topics.values()} == {settings.kafka.replication}
    compacted = [n for n, t in topics.items() if t["spec"].get("config", {}).get("cleanup.policy") == "compact"]
    assert compacted == [names.cmdb]
    assert all("_" not in topic["metadata"]["name"] for topic in topics.values())


def test_the_collector_keys_what_it_sends() -> None:
    """The example has both options on, and the settings say which topics are keyed."""
    (collector,) = [d for d in of_kind("ConfigMap") if d["metadata"]["name"] == "otel-collector"]
    exporter = yaml.safe_load(collector["data"]["collector.yaml"])["exporters"]["kafka"]

    assert exporter["partition_metrics_by_resource_attributes"] is True
    assert exporter["partition_logs_by_resource_attributes"] is True


def rights(user: str) -> dict[tuple[str, str, str], set[str]]:
    """Kind, name and pattern of each resource to the operations that a user has on it."""
    (found,) = [one for one in of_kind("KafkaUser") if one["metadata"]["name"] == user]
    assert found["spec"]["authentication"] == {"type": "scram-sha-512"}
    assert found["spec"]["authorization"]["type"] == "simple"
    acls = found["spec"]["authorization"]["acls"]
    granted = {(a["resource"]["type"], a["resource"]["name"], a["resource"]["patternType"]): a for a in acls}
    assert len(granted) == len(acls)
    return {place: set(acl["operations"]) for place, acl in granted.items()}


def test_the_runtime_may_read_its_input_and_write_its_output_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It creates no topic and writes no telemetry, configuration item, change or ticket."""
    names = mapped("config.yaml", tmp_path, monkeypatch).topics
    reads = {*names.telemetry, names.keyed, *names.control, names.audit, names.dead_letters}
    writes = {names.keyed, names.anomalies, names.alerts, names.incidents, names.actions, names.audit}

    found = rights("aiops-runtime")

    topics = {name: operations for (kind, name, _), operations in found.items() if kind == "topic"}
    assert {name for name, operations in topics.items() if "Read" in operations} == reads
    assert {name for name, operations in topics.items() if "Write" in operations} == writes | {names.dead_letters}
    assert all("Describe" in operations for operations in topics.values())
    assert {place: operations for place, operations in found.items() if place[0] != "topic"} == {
        ("group", "aiops-", "prefix"): {"Read"}
    }


def test_no_user_has_more_than_named_topics() -> None:
    """No wildcard, no right on the cluster, no All; each topic from outside has exactly one kind of writer."""
    topics = {topic["spec"]["topicName"] for topic in of_kind("KafkaTopic")}
    writers: dict[str, list[str]] = {}
    for user in (one["metadata"]["name"] for one in of_kind("KafkaUser")):
        for (kind, name, pattern), operations in rights(user).items():
            assert operations <= {"Read", "Write", "Describe"}
            assert (kind == "group" and name.endswith("-")) or (name in topics and pattern == "literal")
            if "Write" in operations:
                writers.setdefault(name, []).append(user)

    assert all(len(users) == 1 for users in writers.values())
    assert writers.keys() == topics
    assert writers["otlp_metrics"] == ["aiops-collector"]
    assert writers["aiops.cmdb"] == ["aiops-sources"]


@pytest.mark.parametrize("name", ["config.yaml", "settings.yaml"])
def test_the_connection_to_kafka_is_encrypted_and_its_secrets_are_mounted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file that the settings name is an item of a Secret that Strimzi makes, in every pod."""
    kafka = mapped(name, tmp_path, monkeypatch).kafka

    assert (kafka.protocol, kafka.check_server_name) == ("SASL_SSL", True)
    assert kafka.username in {user["metadata"]["name"] for user in of_kind("KafkaUser")}
    for template in pods():
        (container,) = template["spec"]["containers"]
        volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
        mounted = {
            f"{mount['mountPath']}/{item['path']}": (volumes[mount["name"]]["secret"]["secretName"], item["key"])
            for mount in container["volumeMounts"]
            for item in volumes[mount["name"]].get("secret", {}).get("items", ())
        }
        assert all(mount.get("subPath") is None for mount in container["volumeMounts"])  # it would not be rotated
        assert {setting: mounted[str(file)] for setting, file in kafka.files.items()} == {
            "ca_file": ("aiops-cluster-ca-cert", "ca.crt"),
            "password_file": (kafka.username, "password"),
        }


def test_the_collector_of_the_example_is_a_user_with_tls() -> None:
    """Its password is read from a file and not part of the configuration."""
    (collector,) = [d for d in of_kind("ConfigMap") if d["metadata"]["name"] == "otel-collector"]
    exporter = yaml.safe_load(collector["data"]["collector.yaml"])["exporters"]["kafka"]

    assert exporter["brokers"] == ["aiops-kafka-bootstrap:9093"]
    assert exporter["tls"] == {"ca_file": "/etc/kafka/ca/ca.crt"}
    assert exporter["auth"]["sasl"] == {
        "mechanism": "SCRAM-SHA-512",
        "username": "aiops-collector",
        "password": "${file:/etc/kafka/user/password}",
    }
    assert rights("aiops-collector")


def test_the_guide_lists_the_rights_of_the_manifests() -> None:
    """Row by row, with all input spelled out under the table."""
    guide = (K8S.parent / "docs" / "deploy.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in guide.splitlines() if line.startswith("| `aiops-")]
    assert [row[0].strip("`") for row in rows] == [user["metadata"]["name"] for user in of_kind("KafkaUser")]
    outside = {"otlp_metrics", "otlp_logs", "otlp_spans", "aiops.metrics.arrow"}
    outside |= {"aiops.cmdb", "aiops.changes", "aiops.tickets", "aiops.alerts"}
    for user, _, *columns in rows:
        topics = {name: said for (kind, name, _), said in rights(user.strip("`")).items() if kind == "topic"}
        for operation, column in zip(("Read", "Write"), columns, strict=True):
            listed = set(re.findall(r"`([^`]+)`", column)) | (outside if "all input" in column else set())
            assert listed == {name for name, operations in topics.items() if operation in operations}
