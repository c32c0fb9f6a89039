"""Judges what is believed of a site by the answers that follow. Pure."""

from __future__ import annotations


class Trial:
    """Counts bad answers since something is believed that should make them few.

    settling: answers until that can have helped; they do not count. answers: how many of them are
    judged at a time. most: the share of bad ones among them up to which the belief holds.
    """

    __slots__ = ("_bad", "_judged", "_most", "_seen", "_settling")

    def __init__(self, settling: int, answers: int, most: float) -> None:
        self._settling = settling
        self._judged = answers
        self._most = most
        self._seen = self._bad = 0

    def note(self, *, bad: bool) -> bool | None:
        """Note an answer; return whether the belief holds, or None until enough have come."""
        if self._settling:
            self._settling -= 1
            return None
        self._seen += 1
        self._bad += bad
        if self._seen < self._judged:
            return None
        holds = self._bad <= self._most * self._judged
        self._seen = self._bad = 0
        return holds
