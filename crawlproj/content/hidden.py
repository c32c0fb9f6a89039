"""Parts of a page that no browser shows, by their markup: style sheets and scripts are not read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.content.tree import Element, Tree

_MAX_HIDDEN = 10_000  # elements of a page
_FEW = 20
_UNSEEN = "style"  # a name that the parser's text and Markdown leave out with all that is in it
# The fallback of elements that a browser can show, and fields to fill in.
_NEVER_SHOWN = ("audio", "canvas", "meter", "progress", "textarea", "video")
# Elements that only describe the rest of a picture or a formula.
_DESCRIBING = {"svg": "title, desc, metadata", "math": "annotation, annotation-xml"}
_MAY_BE_HIDDEN = "[hidden], [popover], [style*=display i]"
# A search in the page opens until-found, and scripts of React put the parts "S:…" in their places.
_BY_ATTRIBUTE = (
    '[hidden]:not([hidden=until-found i], [id^="S:"]), [popover]:not(dialog[open]), '
    "dialog:not([open])"
)
_DISPLAY = re.compile(r"(?:^|;)\s*display\s*:\s*([a-z-]+)\s*(!\s*important)?", re.IGNORECASE)


def unseen_in(root: Tree | Element) -> dict[Element, str]:
    """Return the elements that are never shown, and what to read them as instead."""
    unseen: list[Element] = []
    for name in _NEVER_SHOWN:
        if root.find(name) is not None:
            unseen += root.select(name)
    for name, describing in _DESCRIBING.items():
        unseen += found_inside(root, name, describing)
    return dict.fromkeys(unseen[:_MAX_HIDDEN], _UNSEEN)


def found_inside(root: Tree | Element, name: str, selector: str) -> list[Element]:
    """Return what ``selector`` finds inside the elements called ``name``."""
    if root.find(name) is None:  # as on most pages
        return []
    holders = root.select(name)
    if len(holders) > _FEW:  # they may be inside each other
        return root.select(f"{name} :is({selector})")
    return [element for holder in holders for element in holder.select(selector)]


def hidden_in(root: Tree | Element) -> dict[Element, str]:
    """Return the elements that their markup hides, and what to read them as instead.

    These are closed dialogs, popovers, and what has the attribute ``hidden`` or an inline style
    with "display: none". Not what people open or search: <details>, ``hidden=until-found``.
    """
    found = root.select(_MAY_BE_HIDDEN) + root.select("dialog")
    return {element: _UNSEEN for element in found[:_MAX_HIDDEN] if _is_hidden(element)}


def _is_hidden(element: Element) -> bool:
    if element.tag in {"html", "body"}:
        return False  # a script shows the page when it is ready
    displays = _DISPLAY.findall(element.attr("style") or "")
    if not displays:
        return element.matches(_BY_ATTRIBUTE)
    important = [value for value, importance in displays if importance]
    last: str = (important or [value for value, _ in displays])[-1]
    return last.lower() == "none"
