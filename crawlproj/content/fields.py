"""The fields of a page that are computed only if PAGE_FIELDS names them."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

from crawlproj.content.addresses import Addresses
from crawlproj.content.captions import without_captions
from crawlproj.content.images import shown_in
from crawlproj.content.json_ld import json_ld_in
from crawlproj.content.microdata import microdata_in
from crawlproj.content.open_graph import open_graph_of
from crawlproj.content.parts import FIRST_BYTES, FIRST_TAGS
from crawlproj.content.text import headings_of, markdown_of, text_of, words_of
from crawlproj.errors import ConfigError
from crawlproj.masking import without_credentials
from crawlproj.zstandard import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scrapy.http import Response
    from scrapy.settings import BaseSettings

    from crawlproj.content.page import PageContent

logger = logging.getLogger(__name__)

_OF_TREE = frozenset(("headings", "images", "links", "markdown"))
_HALVES = re.compile("[\ud800-\udfff]")
_SURE = 300  # characters of a main text that no element marks
_MIN_PARAGRAPH = 80  # bytes, of which a word of Chinese has as many as one of English
_LONG_LINES = re.compile(f"[^\n]{{{_MIN_PARAGRAPH // 4},}}")  # a character has up to four bytes
_SHOWN = "a,area,audio,embed,frame,iframe,img,object,source,video"


def chosen_fields(settings: BaseSettings) -> tuple[str, ...]:
    """Return PAGE_FIELDS. Raises ConfigError if it names a field that does not exist."""
    names = settings.getlist("PAGE_FIELDS")
    for name in names:
        if name not in FIELDS:
            raise ConfigError(
                f"PAGE_FIELDS: {name!r} is not one of {', '.join(FIELDS)}; title, text and the "
                "other usual columns are always stored"
            )
    return tuple(names)


def page_fields(names: Iterable[str], response: Response, page: PageContent) -> dict[str, Any]:
    """Return the fields with ``names``, all of FIELDS, of a page."""
    chosen = frozenset(names)
    if not page.is_whole and (cut := chosen & _OF_TREE):
        logger.warning(
            "Only the first %s tags, or %s bytes, of %s are read for its %s: it is too large",
            f"{FIRST_TAGS:,}",
            f"{FIRST_BYTES:,}",
            without_credentials(response.url),
            ", ".join(sorted(cut)),
        )
    return {name: read(response, page) for name, read in FIELDS.items() if name in chosen}


def _html(response: Response, _: PageContent) -> bytes:
    return zstd.compress(response.body)


def _headings(_: Response, page: PageContent) -> str:
    return _json([{"level": level, "text": text} for level, text in headings_of(page.tree)])


def _images(_: Response, page: PageContent) -> str:
    link = Addresses(page).link
    return _json(
        [
            {"url": source, "alt": element.attr("alt") or ""}
            for element, place in shown_in(page.tree)
            if (source := link(place))
        ]
    )


def _links(_: Response, page: PageContent) -> list[dict[str, str]]:
    link = Addresses(page).link
    links = []
    elements = page.tree.select("a[href],area[href]")
    for element, words in zip(elements, words_of(page.tree, elements), strict=True):
        if target := link(element.attr("href") or ""):
            text = words or element.attr("alt") or ""
            links.append({"url": target, "text": text, "rel": element.attr("rel") or ""})
    return links


def _structured_data(_: Response, page: PageContent) -> str:
    parts = {
        "json_ld": json_ld_in(page.tree),
        "microdata": microdata_in(page.tree, page.base),
        "opengraph": open_graph_of(page.tree, Addresses(page).link),
    }
    return _json({name: part for name, part in parts.items() if part})


def _markdown(_: Response, page: PageContent) -> str:
    return markdown_of(page.tree, Addresses(page).anchor)


def _main_markdown(_: Response, page: PageContent) -> str:
    return markdown_of(page.main, Addresses(page).anchor)


def main_text_of(page: PageContent) -> str:
    """Return the text of the page's main part, without captions of pictures."""
    text = text_of(without_captions(page.main))
    del page.main  # because that changes it
    return text


def telling_text_of(page: PageContent, main: str | None, text: str) -> str:
    """Return which text tells versions of a page, or similar pages, apart: its main one, or all.

    A main text that no element marks as such is a guess if it is short or has no paragraph. It may
    be the navigation of a wiki's short note, or the list of the latest posts beside a short one.
    main: None if it was not computed yet.
    """
    if main is None:
        main = main_text_of(page)
    is_long = len(main) >= _SURE and _has_paragraph(main)
    is_sure = is_long or page.tree.select("main,[role=main],[itemprop~=articleBody]")
    return main if main and is_sure else text


def _has_paragraph(text: str) -> bool:
    lines = _LONG_LINES.finditer(text)
    return any(len(line[0].encode("utf-8", "replace")) >= _MIN_PARAGRAPH for line in lines)


def shown_without_text(page: PageContent) -> str:
    """Return what a page without any text shows: its title, its description and what it embeds.

    Scripts and style sheets are left out, because their names change with every build of a site.
    """
    parts = [page.title, page.description]
    for element in page.tree.select(_SHOWN):
        place = element.attr("src") or element.attr("href") or element.attr("data")
        if place:
            parts.append(f"{element.tag} {place}")
    return "\n".join(parts)


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # JSON-LD may have halves of characters (a text was cut amid an emoji), which no store takes.
    return text if text.isascii() else _HALVES.sub("\ufffd", text)


FIELDS: dict[str, Callable[[Response, PageContent], Any]] = {
    "headings": _headings,
    "html": _html,
    "images": _images,
    "links": _links,
    "main_markdown": _main_markdown,
    "main_text": lambda _, page: main_text_of(page),
    "markdown": _markdown,
    "structured_data": _structured_data,
}
"""Name → what computes it, in this order: the main text changes what the others are read from."""
