"""The contents of form fields: not text of a page, but all that tells change forms apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.content.page import content_of

if TYPE_CHECKING:
    from scrapy.http import Response

    from crawlproj.content.tree import Element, Tree

_MAX_FIELDS = 1_000
_MAX_VALUE = 4_000  # characters
# Of hidden fields, most are tokens, and change with each answer.
_NOT_ENTERED = frozenset(
    ("hidden", "password", "submit", "button", "reset", "image", "file", "radio", "checkbox")
)


def with_entered(text: str, response: Response) -> str:
    """Return the text of a page, and below it what its fields hold."""
    content = content_of(response)
    entered = "" if content is None else entered_in(content.tree)
    return f"{text}\n{entered}" if entered else text


def entered_in(tree: Tree) -> str:
    """Return the values of the fields to type in and the chosen options, a line each."""
    if tree.find("form") is None:
        return ""
    lines = []
    for field in tree.select("input[value], textarea, option[selected], input[checked]")[
        :_MAX_FIELDS
    ]:
        name, value = _name_and_value(field)
        if value := " ".join(value[:_MAX_VALUE].split()):
            lines.append(f"{name}: {value}")
    return "\n".join(lines)


def _name_and_value(field: Element) -> tuple[str, str]:
    if field.tag == "option":
        chosen = field.closest("select")
        return (chosen.attr("name") or "" if chosen is not None else ""), field.text
    name = field.attr("name") or ""
    if field.tag == "textarea":
        return name, field.text
    if (field.attr("type") or "text").lower() in _NOT_ENTERED:
        checked = field.attr("checked") is not None
        return name, (field.attr("value") or "on") if checked else ""
    return name, field.attr("value") or ""
