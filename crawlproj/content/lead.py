"""Finds the lead of an article: a paragraph under its title that themes put outside of its body."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from crawlproj.content.boilerplate import is_marked, names_of, suspects
from crawlproj.content.tree import Element

if TYPE_CHECKING:
    from crawlproj.content.prose import Prose

_MAX_PARAGRAPHS = 3  # more of them under the title are another text
_SIZES = range(80, 1200)  # bytes of one
_MAX_LINKED = 0.2  # of it
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
_MIN_DECK = 30  # bytes of a heading that is a second title and not of a chapter
# Not items; a second title may be the lead.
_TAGS = frozenset(("article", "div", "h2", "header", "p", "section", "strong"))
_MAX_ASKED = 20  # paragraphs whose surroundings are looked at
_LEVELS = 50  # from a lead to the body of the page
_HEADS = re.compile(r"[\w-]*(?:head|teaser)[\w-]*", re.IGNORECASE)  # where themes put leads
# They are under the title, too.
_OTHERS = re.compile(
    "caption|credit|disclaimer|image|legend|photo|quote|signature|video|by[-_]?line", re.IGNORECASE
)


def leads_of(article: Element, body: Element, prose: Prose) -> list[Element]:
    """Return the paragraphs between the title of a page and ``article`` that are its lead.

    body: the element that ``prose`` is of. The title is the last <h1> before the article. Captions,
    names of authors and boilerplate are not a lead, nor is a text of many paragraphs.
    """
    inside = {article, *(each for each in article.descendants if isinstance(each, Element))}
    found: list[Element] = []
    has_title = False
    for block, text in prose.blocks.items():
        if block in inside:
            break
        if block.tag == "h1":
            has_title, found = True, []
        elif block.tag in _HEADINGS and text < _MIN_DECK:
            has_title = False  # of another chapter
        elif has_title and text in _SIZES and prose.linked.get(block, 0) < _MAX_LINKED * text:
            found.append(block)
    leads = [each for each in found[:_MAX_ASKED] if _may_lead(each, body)]
    return leads if len(leads) <= _MAX_PARAGRAPHS else []


def _may_lead(paragraph: Element, body: Element) -> bool:
    if paragraph.tag not in _TAGS:
        return False
    around = [paragraph]
    for each in islice(paragraph.ancestors, _LEVELS):
        if each == body:
            break
        if isinstance(each, Element):
            around.append(each)
    else:
        return False
    if any(_OTHERS.search(names_of(each)) for each in around[:3]):
        return False
    return not any(
        each.tag in {"figure", "table"}
        or is_marked(each)
        or suspects(_HEADS.sub("", names_of(each)))
        for each in around
    )
