"""Which elements are beside the content of a page, by their tags, roles, names and classes.

Chapters (chapters.py) are content whatever their names are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.content.tree import Element, Tree

TAGS = ("nav", "footer", "aside", "form", "header", "script", "style")
CONTAINERS = ("div", "section", "ul", "ol", "table", "p")
"""Elements whose names are asked for."""
ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})

# Searched in lower case, and only where the first letters fit, which takes a tenth as long.
_WORD, _END = r"(?<![^-_ ])(?=[abcefghmnoprstv][a-z][-a-z])", r"(?![^-_ ])"
_COMMENTS = (
    r"comments|replies|respond|cookie|consent|gdpr|"
    r"comment-?(?:area|box|form|list|section|thread|wrap[^\W_]*)"
)
_NAMES = re.compile(
    rf"{_WORD}(?:(?:{_COMMENTS}|nav|navbar|navigation|menu|sidebar|footer|related[^\W_]*|"
    r"breadcrumbs?|toc|pagination|search|mobile|skip|banner|advert|promo|share[^\W_]*|sharing|"
    r"social[^\W_]*|modal|popup|overlay|news-?letter|subscribe|subscription|sign-?up|paywall|"
    r"trending|popular|recommend[^\W_]*|recirculation|(?:read|view)-?more|"
    r"more-?(?:news|stories|articles|from)|(?:post|entry|article)-?(?:tags|meta[^\W_]*|actions)|"
    r"(?:affiliate|article)-?disclaimer|back-?link|print-?button|"
    r"byline|ad-?unit|author-?(?:bio|box|descri[^\W_]+|info)|"
    # TypeDoc's "tsd-comment" is what the author wrote, Javadoc's "table-header" heads columns.
    rf"(?<![-_])(?:comment|tags)|(?<!table.)header){_END}|sphinxsidebar|nav(?:header|footer))"
)
_COMMENTS_NAMES = re.compile(f"{_WORD}(?:{_COMMENTS}){_END}")
_MAX_NAMES = 1_000  # characters of classes, and of an id, that are looked at
# They tell the topic of a post, or the state of an element: "tag-menu", "has-sidebar", "no-header".
_OF_OTHER_THINGS = re.compile(r"(?<![^ ])(?:category|has|is|js|no|single|tag|with)-[^ ]+")
_TITLES = "h1, h2, h3, h4, h5, h6"
# Not the page's banner, which is beside or around these.
_HEADS = ":is(article, main, [role=main]) :is(header, [class*=header])"
_HEADER = re.compile(r"(?<![^-_ ])header(?![^-_ ])", re.IGNORECASE)
_MAX_HEADS = 200  # that are looked at
# Notes that belong to the text, although generators put them into <aside>.
_NOTES = re.compile(
    r"(?:^|[-_ ])(?:admonition|callout|footnotes?|note|tip|hint|important|warning|caution|danger|"
    r"topic|starlight-aside)(?:$|[-_ ])",
    re.IGNORECASE,
)
_NOTE_ROLES = frozenset(
    {"note", "doc-endnotes", "doc-footnote", "doc-notice", "doc-pullquote", "doc-tip"}
)


def suspects(name: str) -> bool:
    """Whether an id or the classes of an element are those of boilerplate."""
    lower = name[:_MAX_NAMES].lower()
    return _NAMES.search(lower) is not None or "teaser" in lower


def is_boilerplate(element: Element) -> bool:
    """Whether the tag, the role, the id or the classes of ``element`` say boilerplate."""
    return element.tag in TAGS or element.attr("role") in ROLES or suspects(names_of(element))


def is_marked(element: Element) -> bool:
    """Whether its tag or its role say boilerplate; not its names.

    Themes give these to whatever is beside a sidebar or in a box.
    """
    is_tagged = element.tag in {"nav", "footer", "aside", "form"}
    return is_tagged or element.attr("role") in ROLES or is_never_content(element)


def is_never_content(element: Element) -> bool:
    """Whether ``element`` is navigation, or comments however many, or asks for consent."""
    return (
        element.tag == "nav"
        or element.attr("role") in {"navigation", "search"}
        or _COMMENTS_NAMES.search(names_of(element).lower()) is not None
    )


def heads_in(part: Tree) -> set[Element]:
    """Return the heads of articles that have a title: on a list of posts, nothing else has it."""
    if part.select_one(_TITLES) is None:
        return set()
    return {each for each in part.select(_HEADS)[:_MAX_HEADS] if _has_title(each)}


def is_note(aside: Element) -> bool:
    """Whether an <aside> belongs to the text."""
    classes = (aside.attr("class") or "")[:_MAX_NAMES]
    return bool(aside.attr("role") in _NOTE_ROLES or _NOTES.search(classes)) and not suspects(
        classes
    )


def _has_title(head: Element) -> bool:
    return (
        not suspects(_HEADER.sub(" ", names_of(head)))
        and head.attr("role") not in ROLES
        and head.select_one(_TITLES) is not None
    )


def names_of(element: Element) -> str:
    """Return the classes and the id of ``element``, without those that tell of other things."""
    name = (element.attr("id") or "")[:_MAX_NAMES]
    if "." in name:  # of a member of a program, such as "Document._toc_entry" in Sphinx's sources
        name = ""
    names = f"{(element.attr('class') or '')[:_MAX_NAMES]} {name}"
    return _OF_OTHER_THINGS.sub("", names) if "-" in names else names
