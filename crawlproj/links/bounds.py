"""Cuts a page before what would take the HTML parser quadratic time.

The tree construction of the HTML Standard looks through all open elements at many a start tag, and
a parser compares each attribute with those before it: 100,000 nested <div> (half a megabyte) take
lexbor 11 seconds, 28,000 attributes in one tag (85 KB) more than one. Browsers flatten what nests
deeper than 512; a page is cut here long after that, so that a real page loses nothing.

Depth is counted by names, without building anything: it stops what a broken generator or a simple
trap makes, not a page written against this very count.
"""

from __future__ import annotations

import re
from collections import Counter

MAX_DEPTH = 4000
"""Open elements; the parser needs about 0.1 s for as many."""

MAX_ATTRIBUTES = 1000
"""Of one element."""

_HARMLESS_TAGS = 8000  # fewer cannot cost more than about 0.3 s, however they nest
_LONG_TAG = 8192  # bytes; shorter ones cannot hold attributes enough to matter
_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_LONG = re.compile(rb"<[a-zA-Z][^<>]{%d,}" % _LONG_TAG)
_VALUE = re.compile(rb"\"[^\"]*\"|'[^']*'")
# Void elements, and those that end by themselves where the next one of their kind begins.
_NOT_NESTING = frozenset(
    b"area base br col embed hr img input link meta source track wbr "
    b"p li dt dd option optgroup tr td th thead tbody tfoot a button form nobr".split()
)


def bounded(html: bytes) -> bytes:
    """Return ``html``, or what comes before the tag that nests too deep or has too many attributes.

    Costs some microseconds where neither can be.
    """
    if _has_gap(html):
        html = html[: _first_overloaded_tag(html)]
    if html.count(b"<") > _HARMLESS_TAGS:
        html = html[: _too_deep(html)]
    return html


def _has_gap(html: bytes) -> bool:
    """Whether a long tag is possible: it spans an aligned half of _LONG_TAG without a "<"."""
    half = _LONG_TAG // 2
    return any(
        html.find(b"<", start, start + half) < 0 for start in range(0, len(html) - half + 1, half)
    )


def _first_overloaded_tag(html: bytes) -> int:
    for tag in _LONG.finditer(html):
        if len(_VALUE.sub(b"", tag[0]).split()) > MAX_ATTRIBUTES:
            return tag.start()
    return len(html)


def _too_deep(html: bytes) -> int:
    depth = 0
    opened: Counter[bytes] = Counter()
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if name in _NOT_NESTING:
            continue
        if not tag[1]:
            opened[name] += 1
            depth += 1
            if depth > MAX_DEPTH:
                return tag.start()
        elif opened[name]:  # an end tag without its start tag closes nothing
            opened[name] -= 1
            depth -= 1
    return len(html)
