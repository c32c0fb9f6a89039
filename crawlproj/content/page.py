"""The fields of a page, each read from the page's one tree when it is asked for."""

from __future__ import annotations

import codecs
import logging
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from scrapy.http import HtmlResponse, TextResponse

from crawlproj._scrapy.headers import value_of, values_of
from crawlproj._scrapy.responses import given_encoding
from crawlproj.content.folded import folded
from crawlproj.content.link_header import linked_from
from crawlproj.content.main_part import main_part_of
from crawlproj.content.media_type import Kind, kind_of, media_type
from crawlproj.content.parts import Parts
from crawlproj.content.query_encoding import escaped_query
from crawlproj.content.refresh import read_refresh
from crawlproj.content.text import text_of
from crawlproj.content.tree import encoding_of
from crawlproj.masking import without_credentials
from crawlproj.urls import join, normalize, other_base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.http import Headers, Response

    from crawlproj.content.tree import Tree

logger = logging.getLogger(__name__)

_MAX_FIELD = 2000  # characters of a title, a description or a language


class PageContent:
    """A page as a browser reads it. Every part is computed when it is first asked for.

    url: where it came from, without credentials. tree: of the whole page, or of the first part of
        one that is large; shared by everything, so do not change it. headers: of the response, for
        what the page itself does not say. absolute: the addresses that its fields have made
        absolute, by how they are written there; they bound how many.
    """

    def __init__(self, url: str, parts: Parts, headers: Headers | None = None) -> None:
        self.url = normalize(url) or normalize(without_credentials(url)) or url
        self.tree = parts.first
        self.absolute: dict[str, str | None] = {}
        self._parts = parts
        self._headers = headers

    def trees(self) -> Iterator[Tree]:
        """Yield ``tree``, and those of the later parts, which are made for each caller anew."""
        yield self.tree
        yield from self._parts.later()

    @property
    def is_whole(self) -> bool:
        """Whether ``tree`` has all that is read of the page."""
        return self._parts.is_whole

    @cached_property
    def main(self) -> Tree:
        """The main part of ``tree``, as a tree of its own. Delete it if you change it."""
        return main_part_of(self.tree)

    @cached_property
    def base(self) -> str:
        """The base URL of relative links; not of http or https if they lead nowhere."""
        for element in self.tree.select("base[href]"):
            if element.namespace.value == "html":  # only the first counts
                href = escaped_query(element.attr("href") or "", self.tree.encoding)
                return (href and (join(self.url, href) or other_base(href))) or self.url
        return self.url

    def link(self, href: str) -> str | None:
        """Return where ``href`` leads in this page, in normal form; None if not to http(s)."""
        return join(self.base, escaped_query(href, self.tree.encoding))

    @property
    def title(self) -> str:
        """The title, at most 2,000 characters, with whitespace collapsed."""
        # An element that is not allowed in the head ends it, and puts the title into the body. The
        # title of an image is not the page's.
        for element in self.tree.select("title"):
            if element.namespace.value == "html":
                return _short(element.text)
        return ""

    @property
    def description(self) -> str:
        """The content of <meta name=description>, at most 2,000 characters."""
        return next((_short(content) for content in self.meta("description")), "")

    @property
    def canonical(self) -> str:
        """The URL of <link rel=canonical>, else of the header Link, absolute and normalized."""
        for element in self.tree.select("link[rel]"):
            if "canonical" in (element.attr("rel") or "").lower().split():
                href = element.attr("href")
                return (href and self.link(href)) or ""
        return linked_from(self.url, self._headers, "canonical") if self._headers else ""

    @property
    def language(self) -> str:
        """The language of the root element, of <meta> or of the header, at most 2,000 characters.

        The first of them that is there decides. Of several languages in a header, it is the first.
        """
        root = self.tree.root
        for name in ("lang", "xml:lang"):
            if root is not None and (declared := root.attr(name)) is not None:
                return _short(declared)
        declared = ""
        for element in self.tree.select("meta[http-equiv=content-language i]"):
            declared = element.attr("content") or ""  # the last counts
        if not declared.strip() or "," in declared:
            header = value_of(self._headers, b"Content-Language") if self._headers else None
            declared = (header or b"").decode("latin-1").partition(",")[0]
        return _short(" ".join(declared.split()[:1]))

    def refresh(self, left_out: str = "") -> tuple[int, str] | None:
        """Return after how many seconds <meta http-equiv=refresh> leads to what URL.

        left_out: a CSS selector; no such element, and nothing in it, refreshes the page.

        The URL is absolute and in normal form. None if there is no refresh, or not to a URL.
        """
        for element in self.tree.select("meta[http-equiv]"):
            if (element.attr("http-equiv") or "").lower() != "refresh":
                continue
            if left_out and element.closest(left_out) is not None:
                continue
            if (found := read_refresh(element.attr("content") or "")) is not None:
                seconds, target = found
                url = self.link(target) if target else normalize(self.url)
                return (seconds, url) if url else None  # only the first counts
        return None

    @cached_property
    def text(self) -> str:
        """The visible text, with spaces and line breaks only where a browser shows them."""
        later = [text_of(tree, or_hidden=False) for tree in self._parts.later()]
        return "\n".join(filter(None, [text_of(self.tree), *later]))

    def meta(self, *names: str) -> Iterator[str]:
        """Yield the contents of the <meta> elements with each of ``names``, in lower case."""
        for name in names:
            yield from self._metas.get(name, ())

    @cached_property
    def _metas(self) -> dict[str, list[str]]:
        """The contents of the <meta> elements by their name in lower case."""
        found: dict[str, list[str]] = {}
        for element in self.tree.select("meta"):
            if name := element.attr("name"):
                found.setdefault(name.strip().lower(), []).append(element.attr("content") or "")
        return found


_contents: WeakKeyDictionary[Response, tuple[Kind, PageContent | None]] = WeakKeyDictionary()


def content_of(response: Response) -> PageContent | None:
    """Return what ``response`` says, parsed on the first call; None if it is not a page."""
    return _content(response)[1]


def is_prose(response: Response) -> bool:
    """Whether ``response`` is plain text for people."""
    return _content(response)[0] is Kind.PROSE


def forget_content(response: Response) -> None:
    """Free the tree of ``response``, some megabytes, while the response itself is still in use."""
    _contents.pop(response, None)


def _content(response: Response) -> tuple[Kind, PageContent | None]:
    known = _contents.get(response)
    if known is None:
        known = _contents[response] = _read(response)
    return known


def _read(response: Response) -> tuple[Kind, PageContent | None]:
    if not isinstance(response, TextResponse):
        return Kind.OTHER, None
    declared = media_type(values_of(response.headers, b"Content-Type"))
    kind = kind_of(declared, response.body)
    if kind is not Kind.XHTML and isinstance(response, HtmlResponse):
        kind = Kind.HTML  # somebody has decided
    if kind not in {Kind.HTML, Kind.XHTML}:
        return kind, None
    label = given_encoding(response) or declared.charset
    body = response.body
    if label is not declared.charset and encoding_of(label) is None:
        body, label = _as_on_the_web(body, label)
    parts = Parts(body, label, xhtml=kind is Kind.XHTML)
    if parts.read < len(body):
        logger.warning(
            "Only the first %s of %s bytes of %s are read: it is too large",
            f"{parts.read:,}",
            f"{len(body):,}",
            without_credentials(response.url),
        )
    return kind, PageContent(response.url, parts, response.headers)


def _as_on_the_web(body: bytes, codec: str) -> tuple[bytes, str]:
    """Return ``body`` and the web's label for its encoding, one of Python's such as "utf-16-le"."""
    try:
        name = codecs.lookup(codec).name.replace("_", "-")
        for label in (name, name.replace("utf-16-", "utf-16")):
            if encoding_of(label) is not None:
                return body, label
        return body.decode(codec, "replace").encode("utf-8", "replace"), "utf-8"
    except LookupError:
        return body, ""


def _short(text: str) -> str:
    return folded(text)[:_MAX_FIELD]
