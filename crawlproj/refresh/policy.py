"""When a URL that was fetched before is due again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crawlproj.store.base import Checked

AGAIN = frozenset({"redirected", "robots", "sitemap"})
"""Why URLs were skipped that may be worth a request later; other decisions are the user's."""


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
