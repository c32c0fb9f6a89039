"""Imports in the documentation exist; exported names are described and documented."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module
from itertools import pairwise
from pkgutil import resolve_name
from typing import TYPE_CHECKING

import pytest

from tests import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = ROOT / "crawlproj"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
# Their __all__ is for the parts of this project.
INTERNAL = ("crawlproj.demo", "crawlproj.lab", "crawlproj.latency")


def exports(path: Path) -> list[str]:
    """Return the ``__all__`` of a module's file, without importing the module."""
    text = path.read_text()
    for node in ast.parse(text).body if "__all__" in text else ():
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return []


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


PUBLIC = {
    module: names
    for path in sorted(PACKAGE.rglob("*.py"))
    if (names := exports(path)) and not (module := dotted(path)).startswith(INTERNAL)
}
NAMES = [f"{module}.{name}" for module, names in PUBLIC.items() for name in names]


def documented(page: str) -> set[str]:
    """Return the dotted names and the imports of a page, in text and in code."""
    names = set(re.findall(r"(?<![\w/.-])crawlproj(?:\.[A-Za-z_]\w*)+", page))
    for module, imported in re.findall(
        r"from (crawlproj[\w.]*) import (\([^)]*\)|[^\n]*)", page, re.MULTILINE
    ):
        plain = re.sub(r"#.*|\bas \w+", "", imported)
        names |= {f"{module}.{name}" for name in re.findall(r"\w+", plain)}
    return names - {name for name in names if name.endswith((".py", ".egg", ".md"))}


def invented(page: str) -> tuple[str, ...]:
    """Return the modules that a page's reader writes: `crawlproj/….py` that are not there."""
    files = re.findall(r"`(crawlproj/[\w/]+\.py)`", page)
    return tuple(dotted(ROOT / file) for file in files if not (ROOT / file).exists())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_names_exists(path: Path) -> None:
    page = path.read_text()
    for name in sorted(documented(page)):
        if not name.startswith(invented(page)):
            resolve_name(name)


def test_the_pages_name_enough_for_this_to_be_a_test() -> None:
    names = set().union(*(documented(path.read_text()) for path in PAGES))
    assert {"crawlproj.addon.Addon", "crawlproj.links.LinkExtractor"} <= names
    assert len(names) > 30


def has_docstring_below(module: str, constant: str) -> bool:
    body = ast.parse(inspect.getsource(import_module(module))).body
    return any(
        re.match(rf"{constant}\b[^=]*=", ast.unparse(node))
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        for node, below in pairwise(body)
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_a_docstring(name: str) -> None:
    thing = resolve_name(name)
    if inspect.isclass(thing) or inspect.isroutine(thing):
        assert thing.__doc__
    else:
        module, _, constant = name.rpartition(".")
        assert has_docstring_below(module, constant)


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_in_the_reference(name: str) -> None:
    reference = "\n".join(
        path.read_text() for path in sorted((ROOT / "docs/reference").glob("api*.md"))
    )
    directives = re.findall(r"^\.\. auto(\w+):: ([\w.]+)", reference, re.MULTILINE)
    module = name.rpartition(".")[0]
    assert ("module", module) in directives or any(
        kind != "module" and target == name for kind, target in directives
    ), f"no page docs/reference/api*.md has {name}: add '.. automodule:: {module}'"


@pytest.mark.parametrize("module", PUBLIC)
def test_all_of_a_module_is_what_it_has(module: str) -> None:
    names = PUBLIC[module]
    assert len(set(names)) == len(names)
    for name in names:
        assert not name.startswith("_") or name == "__version__"
        assert hasattr(import_module(module), name)


def components() -> set[str]:
    """Return our parts in the settings, by path: users repeat these to move or disable a part."""
    return set(
        re.findall(r'"(crawlproj\.[\w.]+\.[A-Z]\w+)"', (PACKAGE / "settings.py").read_text())
    )


@pytest.mark.parametrize("path", sorted(components()))
def test_a_component_that_the_settings_name_is_public(path: str) -> None:
    module, _, name = path.rpartition(".")
    assert name in PUBLIC.get(module, ()), f"{path} is not in the module's __all__"
