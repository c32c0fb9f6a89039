"""When a URL that was fetched before is due again. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crawlproj.store.base import Checked

AGAIN = frozenset({"redirected", "robots", "sitemap"})
"""Why URLs were skipped that may be worth a request later; other decisions are the user's."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


class Policy(Protocol):
    """Decides which URLs are due."""

    def is_due(self, page: Checked, now: float) -> bool:
        """Whether ``page`` is to be asked for now (unix seconds)."""


@dataclass(frozen=True, slots=True)
class Always:
    """Everything is due that was not asked for since ``began`` (unix seconds)."""

    began: float

    def is_due(self, page: Checked, now: float) -> bool:  # noqa: ARG002 - as Policy
        """Whether this run has not asked for ``page``."""
        return page.at < self.began


@dataclass(frozen=True, slots=True)
class Older:
    """Everything is due that was not asked for during the last ``age_s`` seconds."""

    age_s: float

    def is_due(self, page: Checked, now: float) -> bool:
        """Whether the last answer is that old."""
        return now - page.at >= self.age_s


def age_of(text: str) -> float | None:
    """Return the seconds that "7d" stands for, or "90s", "30m", "12h", "2w"; None if none."""
    found = _AGE.fullmatch(text.strip().lower())
    return float(found[1]) * _UNITS[found[2]] if found else None
