"""Puts what a page brings late where it belongs, as a script does in a browser.

A server that renders with React sends a placeholder for what takes long, "Loading…", say, and at
the end of the page the part itself, which is hidden. That may be all that a page is about.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from turbohtml import Comment

if TYPE_CHECKING:
    from turbohtml import Document, Element, Node

_MAX_PARTS = 1_000  # of a page
_MAX_NODES = 200  # beside each other that are shown until a part is there
# The ids of React: of a boundary, which has something to show until its part is there, or of a
# place, which has nothing; with the prefix that the site chose, and a number.
_PLACE = re.compile(r"(?P<prefix>.*)(?P<kind>[BP]):(?P<number>[0-9a-f]+)")
_BEGIN, _END = re.compile(r"\$[?!~]?|&"), re.compile(r"/[$&]")  # comments around a boundary


def put_in_place(tree: Document) -> None:
    """Replace each placeholder whose part is in the page, and what is shown until then."""
    places = [(each, _PLACE.fullmatch(each.attr("id") or "")) for each in _placeholders(tree)]
    if not any(found for _, found in places):
        return
    parts: dict[str | None, Element] = {}
    for part in tree.select('[id*="S:"]'):
        parts.setdefault(part.attr("id"), part)
    for place, found in places:
        if found is None:
            continue
        late = parts.pop(f"{found['prefix']}S:{found['number']}", None)
        if late is None or late in place.ancestors:
            continue
        for node in _shown_until_then(place) if found["kind"] == "B" else []:
            node.extract()
        place.replace_with(late)
        late.unwrap()


def _placeholders(tree: Document) -> list[Element]:
    return tree.select('template[id*=":"]')[:_MAX_PARTS]


def _shown_until_then(place: Element) -> list[Node]:
    """Return what is between a placeholder and the end of its boundary; nothing without an end."""
    nodes: list[Node] = []
    depth = 0
    for node in islice(place.next_siblings, _MAX_NODES):
        if isinstance(node, Comment):
            if _END.fullmatch(node.data):
                if depth == 0:
                    return nodes
                depth -= 1
            elif _BEGIN.fullmatch(node.data):
                depth += 1
        nodes.append(node)
    return []
