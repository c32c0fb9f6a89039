"""Reads sitemaps as sites write them: https://www.sitemaps.org/protocol.html, and what comes near.

That is sitemaps and indexes in XML, plain text, RSS 2.0, RDF (RSS 1.0) and Atom, compressed with
gzip or not. An XML parser refuses what many sites have: output before the declaration, a wrong
encoding in it, bare ampersands, other cases. So this reads tags (``xml_tags.py``), in one pass.
"""

from __future__ import annotations

import codecs
import re
import zlib
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from crawlproj.content.tree import encoding_of
from crawlproj.frontier.base import State
from crawlproj.links.xml_tags import INVISIBLE, MAX_TEXT_BYTES, TAG, attributes_in, tags_in, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 52_428_800
"""How much of an uncompressed sitemap is read; the protocol allows no more."""

_CHUNK_BYTES = 1 << 20
_MAX_BASE_BYTES = 1_000  # a longer one would make gigabytes of short URLs
_MAX_TAGS = 200_000  # without a URL among them; the rest of such a file is not read
_ROOT = re.compile(rb"<(?:([\w.-]+):)?(urlset|sitemapindex|rss|rdf|feed)[\s/>]", re.IGNORECASE)
_ROOT_WITHIN = 65_536  # bytes; what is in front of it is output of a server's error handler
_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([\w.-]+)", re.IGNORECASE)
_BLANK = b" \t\r\n" + bytes(range(9))
_BOMS = (b"\xef\xbb\xbf", b"\xe2\x80\x8b")  # UTF-8, and a zero-width space
_URL_LINE = re.compile(rb"https?://\S", re.IGNORECASE)
_LIST = re.compile(rb"(?:#[^\r\n]*+\s++)*+https?://\S", re.IGNORECASE)  # after comments
_RSS_IN_RDF = frozenset({b"http://purl.org/rss/1.0/", b"http://my.netscape.com/rdf/simple/0.9/"})
# The elements that hold the URLs of a page, and those that the URL is in.
_ENTRIES = frozenset({b"url", b"sitemap", b"item", b"entry"})
_OF_FEEDS = frozenset({b"item", b"entry"})
_REGISTERED = b"http://www.iana.org/assignments/relation/"  # the long names of relations in Atom
# Elements of an entry in a feed whose links are not the entry's.
_OTHERS = frozenset({b"source", b"image", b"author", b"contributor"})
# The elements of an entry that hint at changes → the field of Location. A feed may have no date but
# that of the publication.
_HINTS = {
    b"lastmod": "lastmod",
    b"updated": "lastmod",
    b"pubdate": "lastmod",
    b"date": "lastmod",
    b"changefreq": "changefreq",
}


class NotASitemap(ValueError):
    """The body is not a sitemap in any of the formats; the message says why not."""

    frontier_outcome = (State.FAILED, "not-a-sitemap")


@dataclass(frozen=True, slots=True)
class Location:
    """A URL in a sitemap, as it is written there.

    sitemap: whether it leads to another sitemap. lastmod, changefreq: "" if they are missing.
    """

    url: str
    sitemap: bool = False
    lastmod: str = ""
    changefreq: str = ""


def read_sitemap(body: bytes) -> Iterator[Location]:
    """Return an iterator over the URLs of a sitemap, which reads as it is asked.

    body: as it was received; it may be compressed with gzip, broken off or larger than MAX_BYTES.
        The part before that is read.

    Raises NotASitemap.
    """
    chunks = _in_utf8(_unpacked(body))
    first = b""
    for chunk in chunks:
        first = (first + chunk).lstrip(_BLANK)
        if len(first) >= _ROOT_WITHIN:
            break
    if _LIST.match(first):
        return _lines(first, chunks)
    root = _ROOT.search(first, 0, _ROOT_WITHIN)
    if root is None:
        raise NotASitemap(
            "it is neither a list of URLs nor XML with urlset, sitemapindex, rss, rdf or feed"
        )
    declared = _ENCODING.search(first, 0, root.start())
    encoding = _encoding(declared[1].decode("ascii")) if declared else "utf-8"
    prefix, kind = (root[1] or b"").lower(), root[2].lower()
    start = TAG.match(first, root.start())
    attributes = attributes_in(start[3]) if start else {}
    if kind == b"rdf":  # <rdf:RDF> holds <item>, or <rss:item>
        declarations = (name for name, value in attributes.items() if value in _RSS_IN_RDF)
        prefix = next(declarations, b"").removeprefix(b"xmlns").removeprefix(b":")
    locations = _locations(
        tags_in(first[root.start() :], chunks),
        prefix,
        encoding,
        index=kind == b"sitemapindex",
        bare=kind in {b"urlset", b"sitemapindex"},
    )
    base = _base_in(attributes, encoding)
    return (_based(location, base) for location in locations) if base else locations


def _base_in(attributes: dict[bytes, bytes], encoding: str) -> str:
    """Return what the attributes say that URLs in their element are relative to, or ""."""
    raw = attributes.get(b"xml:base", b"")
    return text_of(raw, encoding) if len(raw) <= _MAX_BASE_BYTES else ""


def _based(location: Location, base: str) -> Location:
    try:
        return replace(location, url=urljoin(base, location.url))
    except ValueError:  # such as "//["
        return location


def is_sitemap(body: bytes) -> bool:
    """Whether ``body`` is a sitemap in one of the formats."""
    try:
        read_sitemap(body)
    except NotASitemap:
        return False
    return True


def _unpacked(body: bytes) -> Iterator[bytes]:
    """Yield up to MAX_BYTES of the uncompressed body, a chunk at a time."""
    if not body.startswith(b"\x1f\x8b"):
        for start in range(0, min(len(body), MAX_BYTES), _CHUNK_BYTES):
            yield body[start : min(start + _CHUNK_BYTES, MAX_BYTES)]
        return
    left = MAX_BYTES
    while body.startswith(b"\x1f\x8b") and left:
        member = zlib.decompressobj(wbits=31)
        try:
            while body and not member.eof and left:
                chunk = member.decompress(body, min(_CHUNK_BYTES, left))
                body = member.unconsumed_tail
                left -= len(chunk)
                yield chunk
        except zlib.error:  # broken: what came before counts
            return
        body = member.unused_data


def _in_utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks without byte-order marks, converted if they are in UTF-16."""
    first = next(chunks, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in first[:4]:
        little = first.startswith(codecs.BOM_UTF16_LE) or first[1:2] == b"\0"
        decoder = codecs.getincrementaldecoder("utf-16-le" if little else "utf-16-be")("replace")
        yield decoder.decode(first).lstrip(INVISIBLE).encode("utf-8", "replace")
        for chunk in chunks:
            yield decoder.decode(chunk).encode("utf-8", "replace")
        return
    while first.startswith(_BOMS):
        first = first[3:]
    yield first
    yield from chunks


def _lines(first: bytes, chunks: Iterator[bytes]) -> Iterator[Location]:
    rest = b""
    for chunk in chain((first,), chunks):
        *lines, rest = (rest + chunk).splitlines() or [b""]
        yield from map(_line, filter(_URL_LINE.match, map(bytes.strip, lines)))
        rest = rest[:MAX_TEXT_BYTES]
        if chunk.endswith((b"\n", b"\r")):
            rest += b"\n"
    if _URL_LINE.match(rest := rest.strip()):
        yield _line(rest)


def _line(line: bytes) -> Location:
    return Location(line.decode("utf-8", "replace").strip(INVISIBLE))


class _Entry:
    """An element that holds the URL of a page, as far as it was read.

    kind: its name; b"" for what is in no such element. base: what its URLs are relative to; "" if
    it does not say so. other: the element of _OTHERS within that the reader is in.
    """

    def __init__(self, kind: bytes = b"", base: str = "") -> None:
        self.kind = kind
        self.base = base
        self.other = b""
        self.urls: list[str] = []
        self.hints: dict[str, str] = {}

    def locations(self, *, index: bool) -> Iterator[Location]:
        """Yield what was found; index: whether a URL that is in no entry leads to a sitemap."""
        sitemap = self.kind == b"sitemap" or (index and not self.kind)
        for url in self.urls:
            location = Location(url, sitemap, **self.hints)
            yield _based(location, self.base) if self.base else location


def _locations(
    tags: Iterator[tuple[bytes, re.Match[bytes]]],
    prefix: bytes,
    encoding: str,
    *,
    index: bool,
    bare: bool,
) -> Iterator[Location]:
    """Yield the locations, each when all of its entry is known.

    prefix: of the elements that count, in lower case. Others are of extensions: <image:loc>.
    index: whether a URL that is in no entry leads to a sitemap. bare: whether the URL of an entry
        may be in no element of its own.
    """
    entry = _Entry()
    wanted = False  # whether the text up to the next tag is a URL
    is_bare = False  # whether it is if it looks like one
    left = _MAX_TAGS
    for text, tag in tags:
        if (left := left - 1) < 0:
            break
        before, _, name = tag[2].lower().rpartition(b":")
        if wanted and (url := text_of(text, encoding)):
            entry.urls.append(url)
        elif is_bare and _URL_LINE.match(text.lstrip()):  # <sitemap>https://…</sitemap>
            entry.urls.append(text_of(text, encoding))
        wanted = is_bare = False
        hint = _HINTS.get(name) if tag[1] and not entry.other else None
        if hint is not None and before == (b"dc" if name == b"date" else prefix):
            entry.hints[hint] = text_of(text, encoding)
        if before != prefix:
            continue
        if name in _ENTRIES or not entry.kind:
            if entry.urls:
                left = _MAX_TAGS
            yield from entry.locations(index=index)
            begins = name in _ENTRIES and not tag[1]
            entry = _Entry(name, _base_in(attributes_in(tag[3]), encoding)) if begins else _Entry()
            is_bare = bare and bool(entry.kind)
        elif entry.kind in _OF_FEEDS and name in _OTHERS and entry.other in {b"", name}:
            entry.other = b"" if tag[1] or tag[3].endswith(b"/") else name
        if entry.other:
            continue
        if not tag[1] and not tag[3].endswith(b"/"):
            wanted = name == b"loc" or (entry.kind in _OF_FEEDS and name == b"link")
            is_bare = is_bare or (entry.kind in _OF_FEEDS and _is_permalink(name, tag[3]))
        if name == b"link" and entry.kind in _OF_FEEDS and (href := _href(tag[3])):
            entry.urls.append(text_of(href, encoding))
            wanted = False
    yield from entry.locations(index=index)  # it may be broken off


def _is_permalink(name: bytes, attributes: bytes) -> bool:
    """Whether the element of an RSS item holds the URL of its page, if it holds one."""
    if name != b"guid":
        return False
    return attributes_in(attributes).get(b"ispermalink", b"").lower() != b"false"


def _href(attributes: bytes) -> bytes:
    """Return the URL of an Atom link to the page itself, else nothing."""
    found = attributes_in(attributes)
    relation = found.get(b"rel", b"alternate").lower().removeprefix(_REGISTERED)
    return found.get(b"href", b"") if relation == b"alternate" else b""


def _encoding(label: str) -> str:
    """Return the declared encoding, or UTF-8 if it cannot be: the declaration was read as ASCII."""
    name = encoding_of(label) or "utf-8"
    try:
        return "utf-8" if name.startswith("UTF-16") else codecs.lookup(name).name
    except LookupError:  # Python does not know all encodings of the web
        return "utf-8"
