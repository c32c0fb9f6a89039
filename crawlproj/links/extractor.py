"""Finds links in pages; takes the place of Scrapy's LinkExtractor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from scrapy.http import HtmlResponse
from scrapy.link import Link
from scrapy.linkextractors import IGNORED_EXTENSIONS
from selectolax.lexbor import LexborHTMLParser
from w3lib.url import canonicalize_url

from crawlproj.links.html import robots_directives, tree_of
from crawlproj.links.normalize import join, site_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scrapy.http import TextResponse
    from selectolax.lexbor import LexborNode

_Patterns = str | re.Pattern[str] | list[str | re.Pattern[str]] | tuple[str | re.Pattern[str], ...]

_MEMO_SIZE = 50_000  # raw links remembered; a site repeats its navigation on every page
_AGENT = "crawlproj"
_FOLLOWED_BY_NOBODY = ("#", "javascript:", "mailto:", "tel:", "data:")


class LinkExtractor:
    """Scrapy's LinkExtractor on a C parser: the same arguments, ``extract_links`` and ``matches``.

    Differences: URLs come out in the normal form of links/normalize.py, without fragment; links
    that are malformed or not http(s) are left out one by one; ``restrict_xpaths`` selects regions
    by Scrapy's selectors, whose links are then read by this parser. ``canonicalize`` sorts the
    query too, as w3lib does.

    nofollow: leave out links with rel=nofollow, and all links of a page whose robots directives say
        nofollow. On by default, unlike Scrapy, which only reports it in ``Link.nofollow``.

    ``extract_urls`` gives the URLs alone, much cheaper.
    """

    def __init__(
        self,
        allow: _Patterns = (),
        deny: _Patterns = (),
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
        restrict_text: _Patterns | None = None,
        *,
        nofollow: bool = True,
    ) -> None:
        self._allow = _compiled(allow)
        self._deny = _compiled(deny)
        self._allow_domains = frozenset(domain.lower() for domain in _listed(allow_domains))
        self._deny_domains = frozenset(domain.lower() for domain in _listed(deny_domains))
        self._xpaths = _listed(restrict_xpaths)
        self._css = _listed(restrict_css)
        self._attrs = _listed(attrs)
        self._selector = ",".join(f"{tag}[{attr}]" for tag in _listed(tags) for attr in self._attrs)
        self._canonicalize = canonicalize
        self._unique = unique
        self._process_value = process_value
        extensions = IGNORED_EXTENSIONS if deny_extensions is None else _listed(deny_extensions)
        self._extensions = frozenset("." + ext.lower().lstrip(".") for ext in extensions)
        self._strip = strip
        self._text = _compiled(restrict_text or ())
        self._nofollow = nofollow
        self._memo: dict[tuple[str, str], str | None] = {}

    def extract_urls(self, response: TextResponse) -> list[str]:
        """Return the page's distinct links in the order of the document, as absolute URLs."""
        found: dict[str, None] = {}
        for node, value, base, base_directory in self._candidates(response):
            url = self._url(value, base, base_directory)
            if url is not None and url not in found and self._text_matches(node):
                found[url] = None
        return list(found)

    def extract_links(self, response: TextResponse) -> list[Link]:
        """Return the page's links in the order of the document; distinct ones if ``unique``."""
        links: list[Link] = []
        seen: set[tuple[str, str, bool]] = set()
        for node, value, base, base_directory in self._candidates(response):
            url = self._url(value, base, base_directory)
            if url is None or not self._text_matches(node):
                continue
            nofollow = _is_nofollow(node.attributes.get("rel"))
            text = node.text(deep=True) or ""
            link = Link(url, text.strip() if self._strip else text, "", nofollow)
            identity = (url, "", nofollow)
            if not self._unique or identity not in seen:
                seen.add(identity)
                links.append(link)
        return links

    def matches(self, url: str) -> bool:
        """Whether ``url`` passes the domain, allow and deny filters."""
        if self._allow_domains or self._deny_domains:
            host = site_of(url).partition(":")[0]
            if self._allow_domains and not _is_under(host, self._allow_domains):
                return False
            if _is_under(host, self._deny_domains):
                return False
        if self._allow and not any(pattern.search(url) for pattern in self._allow):
            return False
        return not any(pattern.search(url) for pattern in self._deny)

    def _candidates(self, response: TextResponse) -> Iterator[tuple[LexborNode, str, str, str]]:
        """Yield each link's node, raw value, base URL and the base's directory."""
        if not isinstance(response, HtmlResponse):
            return
        if self._nofollow and robots_directives(response, _AGENT).nofollow:
            return
        tree = tree_of(response)
        base = response.url
        node = tree.css_first("base[href]")
        if node is not None:
            base = join(base, node.attributes.get("href") or "") or base
        directory = base.partition("?")[0]
        directory = directory[: directory.rfind("/") + 1]
        for node in self._nodes(tree, response):
            attributes = node.attributes  # a new dict each time it is asked for
            if self._nofollow and _is_nofollow(attributes.get("rel")):
                continue
            for attr in self._attrs:
                value = attributes.get(attr)
                if not value or value.startswith(_FOLLOWED_BY_NOBODY):
                    continue
                yield node, value, base, directory

    def _nodes(self, tree: LexborHTMLParser, response: TextResponse) -> Iterator[LexborNode]:
        if not self._xpaths and not self._css:
            yield from tree.css(self._selector)
            return
        for selector in self._css:
            for region in tree.css(selector):
                yield from region.css(self._selector)
        for xpath in self._xpaths:
            for html in response.xpath(xpath).getall():
                yield from LexborHTMLParser(html).css(self._selector)

    def _url(self, value: str, base: str, base_directory: str) -> str | None:
        if self._process_value is not None:
            value = self._process_value(value)
            return self._judged(value, base) if value else None
        if value[0] == "?":  # resolved against the whole base, not its directory
            return self._judged(value, base)
        key = (base_directory, value)
        try:
            return self._memo[key]
        except KeyError:
            pass
        if len(self._memo) >= _MEMO_SIZE:
            self._memo.clear()
        url = self._memo[key] = self._judged(value, base)
        return url

    def _judged(self, value: str, base: str) -> str | None:
        url = join(base, value)
        if url is None or not self.matches(url) or self._has_denied_extension(url):
            return None
        return canonicalize_url(url) if self._canonicalize else url

    def _has_denied_extension(self, url: str) -> bool:
        name = url.partition("?")[0].rpartition("/")[2].lower()
        start = name.find(".")
        while start >= 0:
            if name[start:] in self._extensions:
                return True
            start = name.find(".", start + 1)
        return False

    def _text_matches(self, node: LexborNode) -> bool:
        return not self._text or any(pattern.search(node.text()) for pattern in self._text)


def _is_nofollow(rel: str | None) -> bool:
    return rel is not None and "nofollow" in rel.lower().split()


def _is_under(host: str, domains: frozenset[str]) -> bool:
    while host:
        if host in domains:
            return True
        host = host.partition(".")[2]
    return False


def _listed(value: str | Iterable[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _compiled(patterns: _Patterns) -> tuple[re.Pattern[str], ...]:
    listed = (patterns,) if isinstance(patterns, str | re.Pattern) else patterns
    return tuple(re.compile(pattern) for pattern in listed)
