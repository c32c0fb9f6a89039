"""pyproject.toml, the requirements files, the commit hooks and the CI workflow agree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from scrapy.commands import ScrapyCommand

import crawlproj
from crawlproj._scrapy import LOWEST
from tests import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

BIN = Path(sys.executable).parent
HOOKS = ROOT / ".pre-commit-config.yaml"
WORKFLOW = ROOT / ".github/workflows/ci.yml"
PACKAGE = ROOT / "crawlproj"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]


def requirements(lines: Iterable[str]) -> dict[str, Requirement]:
    """Return requirements by name; ``psycopg[binary]`` is ``psycopg`` and ``psycopg-binary``."""
    found: dict[str, Requirement] = {}
    for line in lines:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        if name == "crawlproj":
            continue  # an extra that is made of others
        for of in (name, *(f"{name}-{extra}" for extra in requirement.extras)):
            assert of not in found, f"{of} is required twice"
            found[of] = requirement
    return found


def pins(name: str) -> dict[str, Version]:
    """Return the versions that a requirements file pins."""
    lines = (ROOT / name).read_text().splitlines()
    pinned = requirements(text for line in lines if (text := line.partition("#")[0].strip()))
    assert all(re.fullmatch(r"==[^*,]+", str(each.specifier)) for each in pinned.values())
    return {name: Version(str(each.specifier)[2:]) for name, each in pinned.items()}


CORE = requirements(PROJECT["dependencies"])
IN_EXTRAS = requirements(line for lines in EXTRAS.values() for line in lines)
RANGES = CORE | IN_EXTRAS


def lower_bound(requirement: Requirement) -> Version:
    bounds = [each for each in requirement.specifier if each.operator == ">="]
    assert len(bounds) == 1, f"{requirement} has no lower bound"
    return Version(bounds[0].version)


@pytest.mark.parametrize("name", RANGES)
def test_a_dependency_is_a_range_that_others_can_install_beside_their_own(name: str) -> None:
    operators = sorted(each.operator for each in RANGES[name].specifier)
    assert operators in (["<", ">="], [">="])


def test_the_lowest_versions_are_the_lower_bounds_of_the_ranges() -> None:
    assert pins("requirements-lowest.txt") == {
        name: lower_bound(requirement) for name, requirement in RANGES.items()
    }


@pytest.mark.slow
def test_a_scrapy_below_the_range_is_refused_with_what_to_install() -> None:
    assert Requirement("scrapy>={}.{},<2.20".format(*LOWEST)) in map(
        Requirement, PROJECT["dependencies"]
    )
    script = (
        "import scrapy; scrapy.version_info = (2, 18, 0); scrapy.__version__ = '2.18.0'\n"
        "import crawlproj.addon"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        capture_output=True,
        text=True,
    )
    assert loaded.stderr.splitlines()[-1] == (
        "crawlproj.errors.CrawlprojError: crawlproj needs Scrapy 2.19 or later, and 2.18.0 is "
        "installed: pip install --upgrade scrapy"
    )


@pytest.mark.parametrize(
    ("name", "ranges"), [("requirements.txt", CORE), ("requirements-extras.txt", IN_EXTRAS)]
)
def test_the_pinned_versions_are_within_the_ranges(
    name: str, ranges: dict[str, Requirement]
) -> None:
    pinned = pins(name)
    assert set(pinned) == set(ranges)
    for of, requirement in ranges.items():
        assert pinned[of] in requirement.specifier, f"{of}=={pinned[of]} is not {requirement}"


@pytest.mark.slow
def test_the_installed_package_has_the_version_and_the_licence_of_the_source() -> None:
    installed = metadata("crawlproj")
    assert installed["Version"] == crawlproj.__version__
    assert installed["License-Expression"] == PROJECT["license"] == "BSD-3-Clause"
    assert PROJECT["license-files"] == ["LICENSE"]
    assert (ROOT / "LICENSE").read_text().startswith("BSD 3-Clause License")


def test_every_file_of_the_package_is_packed() -> None:
    data = PYPROJECT["tool"]["setuptools"]["package-data"]["crawlproj"]
    packed = {path for pattern in data for path in PACKAGE.glob(pattern)}
    files = {
        path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == {path for path in files if path.suffix != ".py"}


@pytest.mark.slow
def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys; old = set(sys.modules); import crawlproj; print(*set(sys.modules) - old)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout.split() == ["crawlproj"]


def test_what_a_crawl_leaves_in_the_checkout_is_not_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {".scrapy/", "crawl.db*", "*.db", ".fleet/"} <= set(ignored)


def test_the_commit_hooks_are_the_tools_of_make_lint() -> None:
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    linted = set(re.findall(r"\$\(BIN\)/(\S+(?: (?!\.|-)\S+)?)", recipe[1]))
    repos = yaml.safe_load(HOOKS.read_text())["repos"]
    assert [repo["repo"] for repo in repos] == ["local"], "a hook must not need the network"
    hooks = [hook for repo in repos for hook in repo["hooks"]]
    entries = {hook["entry"].removeprefix(".venv/bin/").partition(" --")[0] for hook in hooks}
    assert entries == linted
    assert {hook["language"] for hook in hooks} == {"system"}
    for entry in entries:
        assert (BIN / entry.partition(" ")[0]).is_file()


@pytest.mark.slow
def test_the_workflow_is_one_that_github_accepts() -> None:
    checked = subprocess.run(
        [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", WORKFLOW],
        capture_output=True,
        check=False,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_workflow_runs_what_a_contributor_runs_and_may_only_read() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    jobs: dict[str, Any] = workflow["jobs"]
    assert all("permissions" not in job and job["timeout-minutes"] for job in jobs.values())
    steps = [step for job in jobs.values() for step in job["steps"]]
    actions = [step["uses"] for step in steps if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in actions)
    commands = {step["run"] for step in steps if "run" in step}
    assert {".ci/run", "make test-lowest"} <= commands


def test_every_python_that_the_metadata_names_is_tested() -> None:
    classifiers = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    matrix = yaml.safe_load(WORKFLOW.read_text())["jobs"]["test"]["strategy"]["matrix"]
    assert matrix == {"python": classifiers}
    assert PROJECT["requires-python"] == f">={classifiers[0]}"


def test_the_commands_that_every_project_gets_can_be_loaded() -> None:
    calls = ast.walk(ast.parse((ROOT / "setup.py").read_text()))
    (groups,) = (ast.literal_eval(node.value) for node in calls if isinstance(node, ast.keyword))
    commands = [
        EntryPoint(name, place, "scrapy.commands")
        for name, place in (line.split(" = ") for line in groups["scrapy.commands"])
    ]
    modules = {path.stem for path in (PACKAGE / "commands").glob("*.py")} - {
        "__init__",
        "environment",
        "fleets",
        "pipes",
        "steer",
        "usage",
    }
    # COMMANDS_MODULE brings the others: one replaces Scrapy's, two belong to this project.
    assert {command.name for command in commands} == modules - {"crawl", "demo", "lab"}
    for command in commands:
        assert issubclass(command.load(), ScrapyCommand)


@pytest.mark.slow
def test_make_refuses_an_old_python_before_it_makes_an_environment(tmp_path: Path) -> None:
    old = tmp_path / "python3.10"
    pretend = "import sys; sys.version_info = (3, 10, 13); exec(sys.argv[1])"
    old.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{pretend}" "$2"\n')
    old.chmod(0o755)
    made = subprocess.run(
        ["make", "-f", ROOT / "Makefile", ".venv/bin/python", f"PYTHON={old}"],  # noqa: S607
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 2
    assert f"needs Python 3.11 or later, and {old} is" in made.stderr
    assert not (tmp_path / ".venv").exists()
