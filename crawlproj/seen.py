"""What this process has enqueued lately: a sieve before requests are built."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Seen:
    """A bounded set of URLs: of the last ``size`` to ``2 * size`` that were added.

    Two generations: when the younger is full, the older is dropped. A URL it has forgotten is only
    a little more work for the frontier, which deduplicates exactly.
    """

    def __init__(self, size: int = 100_000) -> None:
        self._size = size
        self._young: set[str] = set()
        self._old: set[str] = set()

    def add(self, url: str) -> None:
        """Remember ``url``."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, set()
        self._young.add(url)

    def clear(self) -> None:
        """Forget all."""
        self._young, self._old = set(), set()

    def missing(self, urls: Iterable[str]) -> list[str]:
        """Return those of ``urls`` that are not remembered, in order."""
        young, old = self._young, self._old
        return [url for url in urls if url not in young and url not in old]
