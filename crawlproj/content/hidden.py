"""Parts of a page that no browser shows, by their markup: style sheets and scripts are not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.content.inline_style import declared
from crawlproj.content.permalinks import permalinks_in

if TYPE_CHECKING:
    from crawlproj.content.tree import Element, Tree

_MAX_HIDDEN = 10_000  # elements of a page that are looked at
_FEW = 20
_INVISIBLE = frozenset(("hidden", "collapse"))
_WHOLE_PAGE = frozenset(("html", "body"))  # a script shows it when it is ready
_UNSEEN = "style"  # a name that the parser's text and Markdown leave out with all that is in it
# The fallback of elements that a browser can show, and fields to fill in.
_NEVER_SHOWN = ("audio", "canvas", "meter", "progress", "textarea", "video")
# Parts of a picture or a formula that only describe the rest, or are drawn where others use them.
_NOT_DRAWN = {
    "svg": "title, desc, metadata, defs, symbol, clipPath, marker, mask, pattern",
    "math": "annotation, annotation-xml",
}
_MARKED = "[hidden], [popover], [style*=display i], [style*=visibility i]"
# A search in the page opens until-found, and scripts of React put the parts "S:…" in their places.
_BY_ATTRIBUTE = (
    '[hidden]:not([hidden=until-found i], [id^="S:"]), [popover]:not(dialog[open]), '
    "dialog:not([open])"
)


def unseen_in(root: Tree | Element) -> dict[Element, str]:
    """Return the elements that are never shown, and what to read them as instead.

    The sign that leads to a heading counts as one, because a style sheet hides it.
    """
    unseen = permalinks_in(root)
    for name in _NEVER_SHOWN:
        if root.find(name) is not None:
            unseen += root.select(name)
    return dict.fromkeys(unseen[:_MAX_HIDDEN], _UNSEEN) | undrawn_in(root)


def undrawn_in(root: Tree | Element) -> dict[Element, str]:
    """Return the parts of pictures and formulas that only describe them, and what to read them as.

    These are titles, for example, and what is drawn where others use it.
    """
    return {
        element: _UNSEEN
        for name, not_drawn in _NOT_DRAWN.items()
        for element in found_inside(root, name, not_drawn)[:_MAX_HIDDEN]
    }


def found_inside(root: Tree | Element, name: str, selector: str) -> list[Element]:
    """Return what ``selector`` finds inside the elements called ``name``."""
    if root.find(name) is None:  # as on most pages
        return []
    holders = root.select(name)
    if len(holders) > _FEW:  # they may be inside each other
        return root.select(f"{name} :is({selector})")
    return [element for holder in holders for element in holder.select(selector)]


def marked_in(root: Tree | Element) -> list[Element]:
    """Return the elements whose attributes may change how they are shown."""
    return root.select(_MARKED)[:_MAX_HIDDEN]


def hidden_in(root: Tree | Element, marked: list[Element]) -> dict[Element, str]:
    """Return the elements that their markup hides, and what to read them as instead.

    These are closed dialogs, popovers, and what has the attribute ``hidden`` or an inline style
    with "display: none" or "visibility: hidden". Not what people open or search: <details>,
    ``hidden=until-found``.

    marked: marked_in(root), which is a search of the whole tree.
    """
    # Parts of what is invisible may be visible again. To find out which takes too long.
    by_visibility = not any(_visibility(element) == "visible" for element in marked)
    found = marked + root.select("dialog")
    return {
        element: _UNSEEN
        for element in found[:_MAX_HIDDEN]
        if _is_hidden(element) or (by_visibility and _visibility(element) in _INVISIBLE)
    }


def _is_hidden(element: Element) -> bool:
    if element.tag in _WHOLE_PAGE:
        return False
    display = declared(element, "display")
    return display == "none" if display else element.matches(_BY_ATTRIBUTE)


def _visibility(element: Element) -> str:
    return "" if element.tag in _WHOLE_PAGE else declared(element, "visibility")
