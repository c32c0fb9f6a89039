"""Reads the attribute ``srcset``: one image in several sizes. Pure.

Source: HTML Standard, "parse a srcset attribute".
"""

from __future__ import annotations

import re

_SPACE = "[\t\n\f\r ]"
# A URL, and unless it ends in a comma, its descriptors; no comma ends them in parentheses.
_IMAGE = re.compile(
    rf"[\t\n\f\r ,]*+([^\t\n\f\r ]++)(?:(?<!,){_SPACE}*+((?:[^(,]++|\([^)]*+\)?+)*+))?+"
)
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
    found, largest = None, -1.0
    # Without an end of commas, which would be searched again from each of them.
    for url, descriptors in _IMAGE.findall(srcset.rstrip("\t\n\f\r ,")):
        size = _size(descriptors.rstrip("\t\n\f\r ")) if descriptors else 1.0
        if size > largest:
            found, largest = url.rstrip(","), size
    return found


def _size(descriptors: str) -> float:
    """Return the size that descriptors give, a negative number if they are wrong."""
    match = _SIZE.fullmatch(descriptors)
    if match is None:
        return -1.0
    return float(match["width"] or match["density"])
