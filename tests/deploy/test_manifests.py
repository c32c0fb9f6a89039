"""The Kubernetes manifests match its schemas, each other and the code."""

from __future__ import annotations

import re
from typing import Any

import kubernetes_validate
import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from crawlproj.extensions.metric_families import CrawlCollector, CrawlNow
from crawlproj.frontier.base import Totals
from crawlproj.latency.recorder import LatencyRecorder
from crawlproj.scheduling.crawl_config import CrawlConfig
from tests.deploy.files import (
    K8S,
    NOT_MANIFESTS,
    documented_settings,
    manifests,
    named,
    pods,
)

VERSIONS = ("1.31", "1.37")  # the oldest with every feature used, and the newest with a schema


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "manifest", manifests(), ids=lambda each: f"{each['kind']}-{each['metadata']['name']}"
)
def test_a_manifest_matches_its_schema(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_kustomize_applies_every_manifest_except_the_job_and_the_example() -> None:
    listed = yaml.safe_load((K8S / "kustomization.yaml").read_text())["resources"]
    files = {path.name for path in K8S.glob("*.yaml")} - NOT_MANIFESTS
    assert set(listed) == files - {"crawl-job.yaml", "secret.example.yaml"}


@pytest.mark.parametrize("pod", pods().values(), ids=pods())
def test_a_pod_runs_with_minimal_rights(pod: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
        assert re.search(r":[\d.]+(-\w+)?$", container["image"]), "no version"


@pytest.mark.parametrize("name", ["Deployment worker", "Job crawl-example-org-1"])
def test_workers_have_enough_time_to_drain(name: str) -> None:
    assert pods()[name]["terminationGracePeriodSeconds"] >= CrawlConfig().grace_s + 10


def test_deployment_and_job_differ_only_in_the_crawl_and_how_it_ends() -> None:
    endless, ending = pods()["Deployment worker"], pods()["Job crawl-example-org-1"]
    assert ending.pop("restartPolicy") == "Never"
    own = {"CRAWLPROJ_FRONTIER_GENERATION": "1", "CRAWLPROJ_STOPPED_EXIT_STATUS": "75"}
    (container,) = ending["containers"]
    container["env"] = [each for each in container["env"] if each["name"] not in own]
    container["args"] = endless["containers"][0]["args"]
    assert ending == endless


def test_the_job_ignores_drained_workers_and_fails_on_wrong_usage() -> None:
    job = named("Job", "crawl-example-org-1")["spec"]
    (container,) = job["template"]["spec"]["containers"]
    variables = {each["name"]: each.get("value") for each in container["env"]}
    rules = {
        rule["action"]: rule["onExitCodes"]["values"]
        for rule in job["podFailurePolicy"]["rules"]
        if "onExitCodes" in rule
    }
    assert rules == {
        "Ignore": [int(variables["CRAWLPROJ_STOPPED_EXIT_STATUS"])],
        "FailJob": [2],
    }
    # A work queue: a worker that ends with 0 means that the job is finished.
    assert "completions" not in job
    assert job["parallelism"] > 1


def test_every_reference_between_manifests_resolves() -> None:
    secret = named("Secret", "crawlproj")["stringData"]
    for pod in pods().values():
        account = pod.get("serviceAccountName")
        assert account is None or named("ServiceAccount", account)
        volumes = {volume["name"] for volume in pod.get("volumes", [])}
        volumes |= {"data"} if pod["containers"][0]["name"] == "redis" else set()
        for container in pod["containers"]:
            for each in container["env"]:
                if "valueFrom" in each:
                    reference = each["valueFrom"]["secretKeyRef"]
                    assert reference["name"] == "crawlproj"
                    assert reference["key"] in secret
            for source in container.get("envFrom", []):
                assert named("ConfigMap", source["configMapRef"]["name"])
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
    assert {manifest["metadata"].get("namespace", "crawlproj") for manifest in manifests()} == {
        "crawlproj"
    }


def test_every_setting_in_the_manifests_is_documented() -> None:
    given = set(named("ConfigMap", "crawlproj")["data"])
    for pod in pods().values():
        given |= {each["name"] for each in pod["containers"][0]["env"]}
    names = {name.removeprefix("CRAWLPROJ_") for name in given if name.startswith("CRAWLPROJ_")}
    assert len(names) > 3
    assert names - documented_settings() == set()


def test_redis_keeps_an_append_only_file_and_never_evicts_keys() -> None:
    (container,) = pods()["StatefulSet redis"]["containers"]
    (command,) = container["args"]
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert "--requirepass" not in command, "a process list shows command lines"


def test_network_policies_and_the_service_select_pods_that_exist() -> None:
    labels = [
        manifest["spec"]["template"]["metadata"]["labels"]
        for manifest in manifests()
        if "template" in manifest.get("spec", {})
    ]
    for name in ("redis", "worker"):
        assert named("NetworkPolicy", name)["spec"]["podSelector"]["matchLabels"] in labels
    assert named("Service", "redis")["spec"]["selector"] in labels
    assert named("NetworkPolicy", "default-deny")["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }


def test_the_autoscaler_uses_a_metric_that_workers_export() -> None:
    hpa = named("HorizontalPodAutoscaler", "worker")["spec"]
    assert named(hpa["scaleTargetRef"]["kind"], hpa["scaleTargetRef"]["name"])
    (metric,) = hpa["metrics"]
    values = yaml.safe_load((K8S / "prometheus-adapter-values.yaml").read_text())
    (rule,) = values["rules"]["external"]
    assert rule["name"]["as"] == metric["external"]["metric"]["name"]
    found = re.match(r"(\w+)\{", rule["seriesQuery"])
    assert found is not None
    assert re.fullmatch(rule["name"]["matches"], found[1])
    now = CrawlNow(LatencyRecorder(lambda: 0.0), 0, 0, Totals(pending=7), None, None, None)
    registry = CollectorRegistry()
    registry.register(CrawlCollector(lambda: now, 1))
    assert f'{found[1]}{{state="pending"}} 7.0' in generate_latest(registry).decode()


def test_the_metrics_port_matches_the_image() -> None:
    dockerfile = (K8S.parent / "Dockerfile").read_text()
    found = re.search(r"CRAWLPROJ_METRICS_PORT=(\d+)", dockerfile)
    assert found is not None
    for name in ("Deployment worker", "Job crawl-example-org-1"):
        (container,) = pods()[name]["containers"]
        assert container["ports"] == [{"name": "metrics", "containerPort": int(found[1])}]
    for name in ("Deployment", "Job"):
        (annotations,) = (
            manifest["spec"]["template"]["metadata"]["annotations"]
            for manifest in manifests()
            if manifest["kind"] == name
        )
        assert annotations["prometheus.io/port"] == found[1]
