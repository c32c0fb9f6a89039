"""Where a crawl keeps its data, in words for people."""

from __future__ import annotations

from crawlproj.masking import masked


def places(frontier: str, store_url: str, **others: str) -> tuple[str, ...]:
    """Return "frontier …", "store …", and the same for each of ``others`` that is not empty.

    frontier: its URL or path with secrets masked. store_url: STORE_URL; "" if nothing is stored.
    """
    named = {"frontier": frontier, "store": masked(store_url or "none"), **others}
    return tuple(f"{name} {place}" for name, place in named.items() if place)
