"""Extracts links from pages; replaces Scrapy's LinkExtractor."""

from __future__ import annotations

import logging
import re
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from scrapy.link import Link
from scrapy.linkextractors import IGNORED_EXTENSIONS
from scrapy.utils.misc import rel_has_nofollow
from w3lib.url import canonicalize_url

from crawlproj.content.page import content_of
from crawlproj.content.query_encoding import escaped_query
from crawlproj.content.robots import agent_of, robots_directives
from crawlproj.links.filters import Patterns, UrlFilter, compiled
from crawlproj.links.link_elements import LinkElements, attribute_of, text_of
from crawlproj.masking import without_credentials
from crawlproj.urls import join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scrapy.http import TextResponse

logger = logging.getLogger(__name__)

MAX_URLS = 200_000
"""How many different links of a page are followed. No page of 16 MiB that shows a text for each has
more, and to enqueue one takes longer than all else that is done with its part of the page."""


# How much its base may add to links that are not remembered: 4 KB would make gigabytes of them.
_MAX_BASE_CHARACTERS = 32 * 1024 * 1024
_AT_ONCE = 1_000  # links that are looked for at least, where there may be more of the same
_MEMO_SIZE = 50_000  # raw links to remember; a site repeats its navigation on every page
_MEMO_LENGTH = 512  # characters; longer links, or of longer URLs, are not remembered
_CONTROLS = "".join(map(chr, range(0x21)))  # the URL Standard strips controls and spaces
# Links that may depend on the whole base URL, not only its directory, such as "?page=2" and
# "https:?page=2". The URL Standard ignores leading control characters, and line breaks anywhere.
_OF_WHOLE_BASE = re.compile(r"[\x00-\x20?#]|https?:(?![/\\])|h[a-z]*[\t\n\r]", re.IGNORECASE)


class LinkExtractor:
    """Scrapy's LinkExtractor on a C parser: the same arguments, ``extract_links`` and ``matches``.

    docs/explanation/links.md lists the differences. Two arguments are new:

    nofollow: skip links with rel=nofollow, and all links of a page whose robots directives include
        nofollow. On by default; Scrapy only reports it in ``Link.nofollow``.
    agent: the product token for which robots directives may be meant; by default, the one in the
        request's User-Agent.

    If you need the URLs only, ``extract_urls`` is much cheaper.

    Raises ConfigError naming the first selector that is not valid.
    """

    def __init__(
        self,
        allow: Patterns = (),
        deny: Patterns = (),
        allow_domains: str | Iterable[str] = (),
        deny_domains: str | Iterable[str] = (),
        restrict_xpaths: str | Iterable[str] = (),
        tags: str | Iterable[str] = ("a", "area"),
        attrs: str | Iterable[str] = ("href",),
        canonicalize: bool = False,
        unique: bool = True,
        process_value: Callable[[Any], Any] | None = None,
        deny_extensions: str | Iterable[str] | None = None,
        restrict_css: str | Iterable[str] = (),
        strip: bool = True,
        restrict_text: Patterns | None = None,
        deny_tags: str | Iterable[str] = (),
        deny_attrs: str | Iterable[str] = (),
        *,
        nofollow: bool = True,
        agent: str = "",
    ) -> None:
        self._elements = LinkElements(
            tags, attrs, deny_tags, deny_attrs, restrict_css, restrict_xpaths, nofollow=nofollow
        )
        self._canonicalize = canonicalize
        self._unique = unique
        self._process_value = process_value
        extensions = IGNORED_EXTENSIONS if deny_extensions is None else deny_extensions
        self._filter = UrlFilter(allow, deny, allow_domains, deny_domains, extensions)
        self._strip = strip
        self._text = compiled(restrict_text)
        self.page_nofollow = nofollow
        self._agent = agent
        self._memos: dict[str, dict[str, str | None]] = {}
        self._remembered = 0

    def extract_urls(self, response: TextResponse) -> list[str]:
        """Return the absolute URLs of the page's links, in document order, without repeats.

        These are the first 200,000. A log line says when there are more.
        """
        found = map(itemgetter(0), self._found(response))
        urls: dict[str, None] = {}
        while (most := MAX_URLS + 1 - len(urls)) > 0:
            if not (more := dict.fromkeys(islice(found, max(most, _AT_ONCE)))):
                break
            urls |= more
        if len(urls) > MAX_URLS:
            logger.warning(
                "Only the first %s links of %s are followed: it has more",
                f"{MAX_URLS:,}",
                without_credentials(response.url),
            )
        return list(islice(urls, MAX_URLS))

    def extract_links(self, response: TextResponse) -> list[Link]:
        """Return the page's links in document order, without repeated URLs if ``unique``."""
        links: list[Link] = []
        seen: set[str] = set()
        for url, element in self._found(response):
            if not self._unique or url not in seen:
                seen.add(url)
                nofollow = rel_has_nofollow(attribute_of(element, "rel"))
                links.append(Link(url, text_of(element), nofollow=nofollow))
        return links

    def matches(self, url: str) -> bool:
        """Whether ``url`` passes the domain, allow and deny filters."""
        return self._filter.matches(url)

    def _agent_of(self, response: TextResponse) -> str:
        """Return the product token that directives for us name."""
        return self._agent or agent_of(response)

    def may_follow(self, response: TextResponse) -> bool:
        """Whether the robots directives of the page let its links be followed, or are not asked."""
        if not self.page_nofollow:
            return True
        return not robots_directives(response, self._agent_of(response)).nofollow

    def _found(self, response: TextResponse) -> Iterator[tuple[str, Any]]:
        """Yield the URL of every link that passes the filters, and its element."""
        page = content_of(response)
        if page is None or not self._elements:
            return
        if not self.may_follow(response):
            return
        base = page.base
        memo, left = self._memo_of(base), _MAX_BASE_CHARACTERS // (len(base) + 1)
        encoding = page.tree.encoding
        is_utf8 = encoding in {None, "UTF-8"}
        parts = (
            self._elements.links_in(response, tree, first=tree is page.tree)
            for tree in page.trees()
        )
        for value, element in chain.from_iterable(parts):
            # Except where the fragment saves a space from being stripped, such as in "a b #c".
            if self._process_value is None and "#" in value and " #" not in value:
                value = value[: value.index("#")]  # noqa: PLW2901 - most of a page's links repeat then
            if not value and base == page.url:
                continue  # a place in the page itself
            if not (is_utf8 or value.isascii()):
                value = escaped_query(value, encoding)  # noqa: PLW2901 - as browsers read it
            if value in memo:
                url = memo[value]
            elif (left := left - 1) >= 0:
                url = self._url(value, base, memo)
            else:
                logger.warning(
                    "Not all links of %s are followed: its base is too long",
                    without_credentials(response.url),
                )
                return
            if url is not None and (not self._text or self._text_matches(element)):
                yield url, element

    def _memo_of(self, base: str) -> dict[str, str | None]:
        """Return the memo of ``base``'s directory: raw link → its URL, or None if filtered out."""
        if self._remembered >= _MEMO_SIZE:
            self._memos.clear()
            self._remembered = 0
        return self._memos.setdefault(base[: base.partition("?")[0].rfind("/") + 1], {})

    def _url(self, value: str, base: str, memo: dict[str, str | None]) -> str | None:
        if self._process_value is not None:
            return self._processed(self._process_value, value, base)
        url = self._accepted(value, base)
        is_short = 0 < len(value) <= _MEMO_LENGTH and (url is None or len(url) <= _MEMO_LENGTH)
        if is_short and self._remembered < _MEMO_SIZE and not _OF_WHOLE_BASE.match(value):
            memo[value] = url
            self._remembered += 1
        return url

    def _processed(self, process: Callable[[Any], Any], value: str, base: str) -> str | None:
        try:
            absolute = urljoin(base, value.strip(_CONTROLS) if self._strip else value)
        except ValueError:
            return None
        found = process(absolute)
        return self._accepted(found, base) if found else None

    def _accepted(self, value: str, base: str) -> str | None:
        url = join(base, value)
        if url is None or not self._filter.passes(url):
            return None
        return canonicalize_url(url) if self._canonicalize else url

    def _text_matches(self, element: Any) -> bool:
        text = text_of(element)
        return any(pattern.search(text) for pattern in self._text)
