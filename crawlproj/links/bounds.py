"""Truncates pages that would take the HTML parser quadratic time.

The HTML Standard's tree construction scans all open elements at many start tags, and a parser
compares each attribute with all earlier ones: lexbor takes 11 seconds for 100,000 nested <div>
(half a megabyte), and more than one second for 28,000 attributes in one tag (85 KB). Browsers
flatten elements nested deeper than 512. The limits here are far above that, so that real pages lose
nothing.

Depth is counted by tag names, without building a tree. This stops broken generators and simple
traps, not pages written to defeat this particular count.
"""

from __future__ import annotations

import re
from collections import Counter

MAX_DEPTH = 4000
"""Open elements at a time; the parser takes about 0.1 s for this many."""

MAX_ATTRIBUTES = 1000
"""Attributes of one element."""

_HARMLESS_TAGS = 8000  # this many cost at most about 0.3 s, however they nest
_LONG_TAG = 8192  # bytes; a shorter tag cannot hold enough attributes to matter
_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_LONG = re.compile(rb"<[a-zA-Z][^<>]{%d,}" % _LONG_TAG)
_VALUE = re.compile(rb"\"[^\"]*\"|'[^']*'")
# Void elements, and elements that end implicitly where the next one of their kind begins.
_NOT_NESTING = frozenset(
    b"area base br col embed hr img input link meta source track wbr "
    b"p li dt dd option optgroup tr td th thead tbody tfoot a button form nobr".split()
)


def bounded(html: bytes) -> bytes:
    """Return ``html``, cut before the first tag that nests too deep or has too many attributes.

    Takes a few microseconds if a quick check rules out both.
    """
    if _has_gap(html):
        html = html[: _first_overloaded_tag(html)]
    if html.count(b"<") > _HARMLESS_TAGS:
        html = html[: _too_deep(html)]
    return html


def _has_gap(html: bytes) -> bool:
    """Whether ``html`` may have a long tag: some aligned half of _LONG_TAG holds no "<"."""
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
