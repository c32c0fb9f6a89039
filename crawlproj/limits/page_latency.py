"""Chooses the latencies that show whether a site has a queue. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.limits.ending import Ending

_MEMORY = 32.0  # answers
_HARDLY_ANY = 0.1  # share of pages


class PageLatency:
    """Leaves out the latencies of redirects, errors and what has not changed.

    A site often gives those in a hundredth of the time of a page, without a worker. Where they are
    a quarter of the answers, a dozen answers have none or six of them, and neither a queue nor its
    absence shows in the mean. A site with hardly any pages is judged by all that it answers.
    """

    __slots__ = ("_pages",)

    def __init__(self) -> None:
        self._pages = 1.0  # share of the latest answers

    def of(self, ending: Ending) -> float:
        """Note an answer; return its latency in seconds, or 0 if that says nothing of a queue."""
        self._pages += (ending.is_page - self._pages) / _MEMORY
        return ending.rtt_s if ending.is_page or self._pages < _HARDLY_ANY else 0.0
