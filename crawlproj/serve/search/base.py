"""The answer of a search, and how far it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from crawlproj.serve.database.base import Caps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.serve.database.base import Connection
    from crawlproj.serve.search.terms import Query
    from crawlproj.store.url_ranges import Range

CANDIDATES = 1000
"""The most pages that are ranked."""

CAPS = Caps(CANDIDATES + 1, 8 * 1024 * 1024)
"""Of the answer of the database, with their snippets."""

BEGIN_MARK, END_MARK = "\x02", "\x03"

Ranking = Literal["relevance", "title"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A page.

    snippet: a part of its text, with marks around what matches. rank: the lower, the better.
    """

    url: str
    title: str
    snippet: str
    rank: float


@dataclass(frozen=True, slots=True)
class Hits:
    """hits: best first. bounded: more pages match than were ranked.

    ranking: by "relevance" (how often and how near the words occur, and how rare they are), or,
    when that would take too long for so common words, by whether they are in the "title".
    """

    hits: list[Hit]
    bounded: bool
    ranking: Ranking


class Search(Protocol):
    """Searches the index of a store."""

    async def __call__(
        self,
        connection: Connection,
        query: Query,
        ranges: Sequence[Range],
        after: tuple[float, str] | None,
        limit: int,
    ) -> Hits:
        """Return hits within ``ranges`` of URLs, after the rank and URL ``after``.

        Raises NotThere if there is no index.
        """


def split_marks(snippet: str) -> list[dict[str, str | bool]]:
    """Return a snippet as parts: {"text": …, "match": …}. No markup, so it needs no escaping."""
    parts: list[dict[str, str | bool]] = []
    match = False
    text = ""
    for character in snippet:
        if character not in {BEGIN_MARK, END_MARK}:
            text += character
            continue
        if text:
            parts.append({"text": text, "match": match})
        text, match = "", character == BEGIN_MARK
    if text:
        parts.append({"text": text, "match": match})
    return parts
