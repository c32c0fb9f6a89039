"""Which programming language a listing is in, as generators of documentation mark it."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING

from crawlproj.content.for_a_while import with_attribute
from crawlproj.content.tree import Element

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from crawlproj.content.tree import Tree

_MAX_LISTINGS = 5_000  # of a page
_LEVELS = 2  # of boxes around a listing
_ATTRIBUTES = ("data-lang", "data-language")
# "language-js" and "lang-js" of HTML, "highlight-source-js" of code hosts, "highlight-python" of
# Sphinx, "brush: js" of SyntaxHighlighter, "sourceCode js" of pandoc, "hljs js" of highlight.js.
_CLASS = re.compile(
    r"(?:^|\s)(?:lang(?:uage)?-|highlight-(?:source-)?|(?:brush:|sourceCode\s|hljs\s)\s*)"
    r"([\w+#.-]{1,30})"
)
_NONE = frozenset(("default", "none", "plaintext", "nohighlight", "copy", "wrapper"))


def with_languages(node: Tree | Element) -> AbstractContextManager[None]:
    """Give each <pre> in ``node`` the class that says its language, for a while."""
    found = {
        listing: f"language-{language}"
        for listing in node.select("pre")[:_MAX_LISTINGS]
        if (language := _language_of(listing))
    }
    return with_attribute("class", found)


def _language_of(listing: Element) -> str:
    inside = _first_in(listing)
    if inside and inside[0].tag == "pre":  # mdBook puts one into the other
        inside = [*_first_in(inside[0]), *inside]
    around = islice(listing.ancestors, _LEVELS)
    for element in chain(inside, [listing], around):
        if not isinstance(element, Element) or element.tag in {"body", "main", "article"}:
            break
        for name in _ATTRIBUTES:
            if value := element.attr(name):
                return value if re.fullmatch(r"[\w+#.-]{1,30}", value) else ""
        if (found := _CLASS.search(element.attr("class") or "")) and found[1] not in _NONE:
            return found[1]
    return ""


def _first_in(listing: Element) -> list[Element]:
    """Return the first element in ``listing``, if there is one."""
    return list(islice((each for each in listing.children if isinstance(each, Element)), 1))
