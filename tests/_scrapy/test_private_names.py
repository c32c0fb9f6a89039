"""Only crawlproj/_scrapy uses the private names of Scrapy's classes."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from pathlib import Path

import pytest

import crawlproj

ROOT = Path(crawlproj.__file__).parent


def classes_derived_from_scrapys() -> list[type]:
    """Return those outside of crawlproj/_scrapy."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        if "from scrapy" not in path.read_text("utf-8") or ROOT / "_scrapy" in path.parents:
            continue
        name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        module = importlib.import_module(name.removesuffix(".__init__"))
        found += [
            value
            for value in vars(module).values()
            if inspect.isclass(value)
            and value.__module__ == module.__name__
            and any(base.__module__.startswith("scrapy.") for base in value.__mro__)
        ]
    return found


def private_names(derived: type) -> tuple[set[str], set[str]]:
    """Return the private names that a class uses, and those that it or its bases of ours define."""
    used: set[str] = set()
    defined: set[str] = set()
    for part in derived.__mro__:
        if not part.__module__.startswith("crawlproj."):
            continue
        defined.update(vars(part))
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(part)))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"self", "cls"}:
                if isinstance(node.ctx, ast.Store):
                    defined.add(node.attr)
                elif part.__module__.startswith("crawlproj._scrapy."):
                    continue
                elif node.attr.startswith("_") and not node.attr.startswith("__"):
                    used.add(node.attr)
    return used, defined


@pytest.mark.parametrize("derived", classes_derived_from_scrapys(), ids=lambda each: each.__name__)
def test_a_class_outside_of_the_adapter_uses_no_private_name_of_its_base(derived: type) -> None:
    used, defined = private_names(derived)
    assert used <= defined


@pytest.mark.parametrize("derived", classes_derived_from_scrapys(), ids=lambda each: each.__name__)
def test_a_class_outside_of_the_adapter_replaces_no_private_name_of_its_base(derived: type) -> None:
    private = {name for name in vars(derived) if name.startswith("_") and name[1] != "_"}
    foreign = [part for part in derived.__mro__ if part.__module__.startswith("scrapy.")]
    assert not (private - {"_abc_impl"}) & {name for part in foreign for name in vars(part)}


def test_there_are_such_classes() -> None:
    assert len(classes_derived_from_scrapys()) > 10
