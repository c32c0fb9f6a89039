"""Reads the attribute ``srcset``: one image in several sizes. Pure.

Source: HTML Standard, "parse a srcset attribute".
"""

from __future__ import annotations

import re

_SPACE = "[\t\n\f\r ]"
_URL = re.compile(r"[\t\n\f\r ,]*+([^\t\n\f\r ]++)")
_DESCRIPTORS = re.compile(r"(?:[^(,]++|\([^)]*+\)?+)*+")  # no comma ends them in parentheses
_NUMBER = "0*[1-9][0-9]*"
_SIZE = re.compile(
    rf"(?![^h]*h[^h]*h)(?:{_NUMBER}h{_SPACE}+)?(?P<width>{_NUMBER})w(?:{_SPACE}+{_NUMBER}h)?"
    r"|(?P<density>-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)x"
)


def largest_in(srcset: str) -> str | None:
    """Return the URL of the largest image, the first of equals, as it is there; None if none is.

    Sizes are widths ("640w") or densities ("2x"; without one, 1). Images whose size is wrong do not
    count. Commas may be in URLs.
    """
    found, largest, place = None, -1.0, 0
    while match := _URL.match(srcset, place):
        url, place = match[1], match.end()
        descriptors = ""
        if not url.endswith(","):
            end = _DESCRIPTORS.match(srcset, place).end()  # type: ignore[union-attr]  # always one
            descriptors, place = srcset[place:end].strip("\t\n\f\r "), end
        size = _size(descriptors)
        if size > largest:
            found, largest = url.rstrip(","), size
    return found


def _size(descriptors: str) -> float:
    """Return the size that descriptors give, a negative number if they are wrong."""
    if not descriptors:
        return 1.0
    match = _SIZE.fullmatch(descriptors)
    if match is None:
        return -1.0
    return float(match["width"] or match["density"])
