"""Reads a large page in parts, of which only one is in memory beside the first."""

from __future__ import annotations

import re
from collections import deque
from html import escape
from itertools import islice
from typing import TYPE_CHECKING

from crawlproj.content.tree import Element, encoding_of, html_of_xml, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.content.tree import Tree

MAX_BYTES = 16 * 1024 * 1024
MAX_TAGS = 800_000
"""How much is read of a page. A tag takes some 220 bytes, its links and its text as much again."""
FIRST_BYTES, FIRST_TAGS = 6 * 1024 * 1024, 100_000
"""How much of it is in the first part, which the fields that PAGE_FIELDS chooses show."""

_LATER_BYTES = 1024 * 1024
# Where to cut: between lines, or before a block, so that no word is cut, or before another tag.
_PLACES = [
    re.compile(place)
    for place in (rb"(?<=\n)[ \t]*<", rb"<(?:p|div|li|tr|t[dh]|d[dt]|h[1-6])[ >]", rb"<")
]
_SEARCHED = 64 * 1024  # bytes before the end of a part
_COUNTED = 4096  # bytes whose tags are counted at once
_MARK = "data-end-of-part"
_END = f"<script {_MARK}></script>".encode()  # allowed nearly wherever other elements are
_BEGINS_WITH_TEXT = re.compile(
    rb"(\s*(?:<!doctype[^<>]*>\s*)?)[^<\s\xef\xfe\xff]",  # not with a byte order mark
    re.IGNORECASE,
)
_RAW = ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
_MAX_OPEN = 100  # elements that a part begins in; hostile pages nest far deeper


class Parts:
    """A page in parts: the first as large as nearly all pages, the others small.

    A part is cut before a tag, and the next one begins in the elements that are open there: a table
    goes on as a table, and a hidden element stays hidden. Where the parser puts one more element
    shows which are open.

    first: the tree of the first part. read: how many bytes are read, counted in those of ``body``.
    """

    def __init__(self, body: bytes, label: str = "", *, xhtml: bool = False) -> None:
        self.read = _end(body, 0, MAX_BYTES, MAX_TAGS)
        self._open = b""
        self._body = body
        self._start = self._stop = self.read
        if _end(body, 0, FIRST_BYTES, FIRST_TAGS) == len(body):
            if len(body) > _LATER_BYTES and not xhtml:
                body = _in_body(body, label)
            self.first = tree_of(body, label, xhtml=xhtml)
            return
        if xhtml:
            self._begin(html_of_xml(body[: self.read], label), "utf-8")
            return
        self._begin(body[: self.read], label)
        if self._encoding.startswith("UTF-16"):  # where "<" is not one byte
            codec = self._encoding.lower()
            text = body[: self.read].decode(codec, "replace")
            self._begin(text.encode("utf-8", "replace"), "utf-8")

    @property
    def is_whole(self) -> bool:
        """Whether the first part is the only one."""
        return self._start == self._stop

    def later(self) -> Iterator[Tree]:
        """Yield the trees of the other parts, one after another, each parsed when it is due."""
        opened, start, stop = self._open, self._start, self._stop
        while start < stop:
            end = _end(self._body, start, _LATER_BYTES, FIRST_TAGS)
            end = stop if end >= stop else _place(self._body, start, end)
            source = b"".join((opened, memoryview(self._body)[start:end], _END))
            tree = tree_of(source, self._encoding)
            opened = _open_in(tree, source)
            yield tree
            start = end

    def _begin(self, body: bytes, label: str) -> None:
        self._body, self._stop = body, len(body)
        self._start = _place(body, 0, _end(body, 0, FIRST_BYTES, FIRST_TAGS))
        source = _in_body(body[: self._start] + _END, label)
        self.first = tree_of(source, label)
        self._encoding = self.first.encoding or "utf-8"
        self._open = _open_in(self.first, source)


def _in_body(body: bytes, label: str) -> bytes:
    """Return a page that begins with text with the <body> that this text begins.

    Without the tag, the parser keeps the text five times, each time with four bytes a character.
    """
    begin = _BEGINS_WITH_TEXT.match(body)
    if begin is None or (encoding_of(label) or "").startswith("UTF-16"):
        return body
    return b"".join((begin[1], b"<body>", memoryview(body)[begin.end(1) :]))


def _end(body: bytes, start: int, most_bytes: int, most_tags: int) -> int:
    """Return where a part of at most so many bytes and tags ends."""
    end = min(len(body), start + most_bytes)
    if end - start <= most_tags:
        return end
    left = most_tags
    for place in range(start, end, _COUNTED):
        tags = body.count(b"<", place, min(place + _COUNTED, end))
        if tags > left:
            for _ in range(left):
                place = body.index(b"<", place) + 1  # noqa: PLW2901 - the last round
            return body.index(b"<", place)
        left -= tags
    return end


def _place(body: bytes, start: int, end: int) -> int:
    """Return the best place to cut, at ``end`` or shortly before."""
    if end == len(body):
        return end
    for place in _PLACES:
        found = deque(place.finditer(body, max(start + 1, end - _SEARCHED), end + 1), maxlen=1)
        if found:
            return found[0].start()
    return end


def _open_in(tree: Tree, source: bytes) -> bytes:
    """Return the start tags of the elements that are open at the end of a part; forget the end."""
    if (end := tree.select_one(f"script[{_MARK}]")) is not None:
        opened = _tags_around(end)
        end.decompose()
        return opened
    for name in _RAW:  # in which a tag is text
        for element in tree.select(name)[-1:]:
            if _MARK in element.text:
                return _tags_around(element) + f"<{name}>".encode()
    return b"<!--" if source.rfind(b"<!--") > source.rfind(b"-->") else b""


def _tags_around(element: Element) -> bytes:
    tags = [
        _start_tag(each)
        for each in reversed(list(islice(element.ancestors, _MAX_OPEN)))
        if isinstance(each, Element) and each.tag not in {"html", "head", "body"}
    ]
    return "".join(tags).encode("ascii", "xmlcharrefreplace")


def _start_tag(element: Element) -> str:
    values = "".join(f' {name}="{escape(element.attr(name) or "")}"' for name in element.attrs)
    return f"<{element.tag}{values}>"
