"""Makes the walks that tell a maze from a site that is only large."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from crawlproj.links.mazes import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from scrapy import Request
    from scrapy.http import Response

    from crawlproj.links.traps import Traps

_WALK = "maze_walk"  # key of Request.meta: the fields of a Walk
_MAX_LINKS = 1_000  # of a page of a maze
_AHEAD = 1  # priority of the next page of a walk


class MazeWalks:
    """Lets one link of each page of a walk come first, and carry the walk to its page.

    The walk is in the request, so it goes on in whichever process fetches the page, and after a
    kill. It fetches nothing that would not have been fetched, only earlier.

    warn: called with each maze that is found.
    """

    def __init__(self, traps: Traps, warn: Callable[[str], object]) -> None:
        self._traps = traps
        self._warn = warn

    def lead(
        self, response: Response, links: Sequence[str], requests: Iterator[Request]
    ) -> Iterator[Request]:
        """Return the requests for what is new of a page's links."""
        url, stored = response.url, response.meta.get(_WALK)
        walk = self._traps.mazes.walk_from(url) if stored is None else _read(stored)
        if walk is None or len(links) > _MAX_LINKS:
            return requests
        found = {request.url: request for request in requests}
        ways = walk.ways(found)
        longer = walk.on(url, links, ways)
        if longer is not None and longer.is_endless:
            self._warn(self._traps.end_maze(longer.directory, longer.pages))
        elif longer is not None:
            ahead = found[random.choice(ways)]  # noqa: S311 - no secret
            ahead.priority = max(0, ahead.priority) + _AHEAD
            ahead.meta[_WALK] = [longer.directory, longer.pages, url, sorted(longer.known)]
        return iter(found.values())


def _read(stored: Sequence[object]) -> Walk | None:
    match stored:
        case [str(directory), int(pages), str(page), [*known]]:
            return Walk(directory, pages, page, frozenset(map(str, known)))
    return None
