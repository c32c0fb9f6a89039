"""White space as browsers show most of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_AT_ONCE = 256 * 1024  # characters; each word takes 50 bytes and more
_SPACE = re.compile(r"\s")


def folded(text: str) -> str:
    """Return ``text`` with white space collapsed."""
    if len(text) <= _AT_ONCE:
        return " ".join(text.split())
    return " ".join(folded_pieces(text))


def folded_pieces(text: str) -> Iterator[str]:
    """Yield pieces of ``text`` that, with a space between them, are all of it ``folded``."""
    start = 0
    while start < len(text):
        space = _SPACE.search(text, start + _AT_ONCE)
        end = space.start() if space else len(text)
        if piece := " ".join(text[start:end].split()):
            yield piece
        start = end
