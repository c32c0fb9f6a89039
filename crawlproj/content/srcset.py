"""Reads the attribute ``srcset``: one image in several sizes. Pure."""

from __future__ import annotations

import re

_NEXT = re.compile(r"[\s,]*([^\s,]\S*)", re.ASCII)


def largest_in(srcset: str) -> str | None:
    """Return the URL of the largest image, the first of equals, as it is there; None if none is.

    Sizes are widths ("640w") or densities ("2x"; without one, 1). Commas may be in URLs, as the
    HTML Standard says.
    """
    found, largest, place = None, -1.0, 0
    while match := _NEXT.match(srcset, place):
        url, place = match[1], match.end()
        descriptor = ""
        if not url.endswith(","):
            end = srcset.find(",", place)
            end = len(srcset) if end < 0 else end
            descriptor, place = srcset[place:end].strip(), end
        size = _size(descriptor)
        if size > largest:
            found, largest = url.rstrip(","), size
    return found


def _size(descriptor: str) -> float:
    """Return the number of a descriptor; 0 if it is none."""
    if not descriptor:
        return 1.0
    try:
        return max(0.0, float(descriptor.split(maxsplit=1)[0].rstrip("wx")))
    except ValueError:
        return 0.0
