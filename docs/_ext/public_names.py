"""Fail the build when a public name has no page or no docstring.

A name is public when a user-facing module lists it in ``__all__``. A page documents it, under that
module or under one that exports it as well. Every public method and property of a class needs a
docstring, of its own or inherited.
"""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from sphinx.util import logging

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

logger = logging.getLogger(__name__)

_PACKAGE = Path(__file__).parents[2] / "crawlproj"
_INTERNAL = (
    "crawlproj.demo",
    "crawlproj.lab",
    "crawlproj.latency",
)  # their __all__ promises nothing to users


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("env-check-consistency", _check)
    return {"parallel_read_safe": True}


def _check(app: Sphinx, env: BuildEnvironment) -> None:  # noqa: ARG001 - Sphinx's signature
    documented = env.domains.python_domain.objects
    for module_name, names in _exports():
        module = import_module(module_name)
        for name in names:
            full_name = f"{module_name}.{name}"
            thing = getattr(module, name)
            if not any(_is(thing, name, each) for each in documented):
                logger.warning("%s is public and no page of docs/reference has it", full_name)
            for member in _undescribed(thing):
                logger.warning("%s%s is public and has no docstring", full_name, member)


def _is(thing: Any, name: str, documented: str) -> bool:
    """Return whether the dotted name ``documented`` is ``thing``, which is called ``name``."""
    return documented.rpartition(".")[2] == name and resolve_name(documented) is thing


def _exports() -> Iterator[tuple[str, list[str]]]:
    """Yield each module that has ``__all__``, with its names; nothing else is imported."""
    for path in sorted(_PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(isinstance(each, ast.Name) and each.id == "__all__" for each in targets):
                    parts = path.relative_to(_PACKAGE.parent).with_suffix("").parts
                    dotted = ".".join(parts).removesuffix(".__init__")
                    if not dotted.startswith(_INTERNAL):
                        yield dotted, list(import_module(dotted).__all__)


def _undescribed(thing: Any) -> Iterator[str]:
    """Yield what of ``thing`` has no docstring: "" for itself, ".name" for a member."""
    if not inspect.isclass(thing) and not inspect.isroutine(thing):
        return  # a constant, whose docstring only autodoc can read: it is not on the page without
    if not inspect.getdoc(thing):
        yield ""
    if inspect.isclass(thing):
        for name, member in vars(thing).items():
            described = inspect.isroutine(member) or isinstance(member, property)
            if described and not name.startswith("_") and not inspect.getdoc(getattr(thing, name)):
                yield f".{name}"
