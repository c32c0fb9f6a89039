"""A site for traps to be beside."""

from __future__ import annotations

import heapq
from functools import partial
from typing import TYPE_CHECKING
from unittest import mock

from crawlproj.links import traps as traps_module
from crawlproj.links.shapes import is_chosen

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.links.traps import Traps

LETTERS = str.maketrans("0123456789", "qrstuvwxyz")


def learn_site(traps: Traps, home: str, menu: str = "") -> None:
    """Learn 100 pages of which each has a word of its own, and leads nowhere."""
    for n in range(100):
        word = str(n).translate(LETTERS)
        traps.learn(f"{home}about-{word}.html", f"{menu}\n{word}", [])


def crawl_site(
    traps: Traps,
    home: str,
    shown: Callable[[str], tuple[str, list[str]]],
    *,
    chosen: int = 0,
    rank: Callable[[str], int] = lambda _: 0,
) -> set[str]:
    """Return what is fetched of a site, those of low ``rank`` first.

    shown: the text and the links of a URL. chosen: 0 to 7, moves which pages are looked at.
    """
    with mock.patch.object(traps_module, "is_chosen", partial(is_chosen, nth=chosen)):
        return _crawled(traps, home, shown, rank)


def _crawled(
    traps: Traps,
    home: str,
    shown: Callable[[str], tuple[str, list[str]]],
    rank: Callable[[str], int],
) -> set[str]:
    known, queue, fetched = {home}, [(0, 0, home)], set()
    while queue:
        *_, url = heapq.heappop(queue)
        if traps.why_not(url):
            continue
        fetched.add(url)
        looks = traps.looks_at(url)
        text, links = shown(url)
        new = [each for each in dict.fromkeys(links) if each not in known]
        for each in new:
            heapq.heappush(queue, (rank(each), len(known), each))
            known.add(each)
        if looks:
            traps.learn(url, text, new)
        else:
            traps.lead(url, new)
    return fetched
