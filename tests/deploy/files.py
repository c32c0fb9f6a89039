"""Reads the files of deploy/."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests import ROOT

DEPLOY = ROOT / "deploy"
K8S = DEPLOY / "k8s"
# Read by programs other than the cluster, so Kubernetes has no schema for them.
NOT_MANIFESTS = {"kustomization.yaml", "prometheus-adapter-values.yaml"}


def manifests() -> list[dict[str, Any]]:
    """Return every object of every manifest."""
    paths = sorted(path for path in K8S.glob("*.yaml") if path.name not in NOT_MANIFESTS)
    return [document for path in paths for document in yaml.safe_load_all(path.read_text())]


def named(kind: str, name: str) -> dict[str, Any]:
    """Return the object of this kind and name."""
    (found,) = (
        manifest
        for manifest in manifests()
        if (manifest["kind"], manifest["metadata"]["name"]) == (kind, name)
    )
    return found


def pods() -> dict[str, dict[str, Any]]:
    """Return pod specifications by the kind and name of the object that creates them."""
    return {
        f"{manifest['kind']} {manifest['metadata']['name']}": manifest["spec"]["template"]["spec"]
        for manifest in manifests()
        if "template" in manifest.get("spec", {})
    }


def compose() -> dict[str, Any]:
    """Return the content of docker-compose.yml."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text())
    return found


def documented_settings() -> set[str]:
    """Return the settings in docs/reference/settings.md."""
    return set(
        re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "docs/reference/settings.md").read_text())
    )
