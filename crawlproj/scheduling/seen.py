"""The URLs that this process enqueued lately: a sieve before requests are built."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable


class Seen:
    """A bounded set of URLs: the last ``size`` to ``2 * size`` that were added.

    It has two generations: when the younger is full, the older is dropped. A forgotten URL only
    costs the frontier, which deduplicates exactly, a little more work.
    """

    def __init__(self, size: int = 100_000) -> None:
        self._size = size
        self._young: set[str] = set()
        self._old: set[str] = set()
        self._coming: set[str] = set()  # yielded by ``missing``, perhaps not added yet

    def __contains__(self, url: str) -> bool:
        return url in self._young or url in self._old

    def add(self, url: str) -> None:
        """Remember ``url``."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, set()
        self._young.add(url)

    def clear(self) -> None:
        """Forget every URL."""
        self._young, self._old = set(), set()

    def missing(self, urls: Iterable[str]) -> Generator[str, None, None]:
        """Yield those of ``urls`` that are not remembered when it is their turn.

        Pages of a site are handled side by side and share most links, and a URL is added a moment
        after it was yielded. So a URL that another call has yielded comes last: by then it is most
        likely remembered; if not, it was dropped on its way and is yielded again.
        """
        given: set[str] = set()
        later: list[str] = []
        try:
            for url in urls:
                if url in self._young or url in self._old:
                    continue
                if url in self._coming:
                    later.append(url)
                    continue
                given.add(url)
                self._coming.add(url)
                yield url
        finally:
            self._coming -= given
        for url in later:
            if url not in self:
                yield url
