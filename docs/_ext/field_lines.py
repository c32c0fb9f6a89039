"""Render this project's way of describing fields and arguments in a docstring.

In a paragraph that begins with one, each line ``name: what it is`` becomes an item of a list,
together with the lines up to the next. ``name`` may be several names, separated by commas.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_FIELD = re.compile(r"(?P<names>[a-z_]\w*(?:, [a-z_]\w*)*|[A-Z][A-Z0-9_]+): (?P<text>.+)")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("autodoc-process-docstring", _on_docstring)
    return {"parallel_read_safe": True}


def _on_docstring(*event: Any) -> None:
    lines: list[str] = event[-1]
    lines[:] = with_lists(lines)


def with_lists(lines: list[str]) -> list[str]:
    """Return ``lines`` with every run of field lines as a reStructuredText list."""
    result: list[str] = []
    in_list = False
    for line in lines:
        begins = in_list or not result or not result[-1]  # else it is a sentence that goes on
        if begins and (field := _FIELD.fullmatch(line)):
            in_list = True
            names = ", ".join(f"``{name}``" for name in field["names"].split(", "))
            result.append(f"* {names}: {field['text']}")
        elif in_list and line:
            result.append("  " + line.strip())
        else:
            in_list = False
            result.append(line)
    return result
