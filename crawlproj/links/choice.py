"""The part of its scope that a crawl fetches, as its user chose. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crawlproj.links.actions import acts

if TYPE_CHECKING:
    from crawlproj.content.chosen_types import ChosenTypes
    from crawlproj.url_patterns import UrlPatterns


ACTION = "action"
"""The reason why a link that changes something is not followed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The choice of pages to fetch; None and 0 leave nothing out. Start pages are always fetched.

    include, exclude: a URL must match ``include`` and must not match ``exclude``.
    types: media types. pages_per_site: max pages of a host. avoids_actions: leave out links that
    change something (see actions.py). logged_in: whether the crawl has an account.
    """

    include: UrlPatterns | None = None
    exclude: UrlPatterns | None = None
    types: ChosenTypes | None = None
    pages_per_site: int = 0
    avoids_actions: bool = False
    logged_in: bool = False

    def __bool__(self) -> bool:
        """Whether anything may be left out."""
        return self.by_url or self.types is not None or self.pages_per_site > 0

    def without_actions(self, *, logged_in: bool) -> Choice:
        """Return this choice, without the links that change something."""
        return replace(self, avoids_actions=True, logged_in=logged_in)

    @property
    def by_url(self) -> bool:
        """Whether URLs may be left out for what they look like."""
        return self.include is not None or self.exclude is not None or self.avoids_actions

    def why_not(self, url: str) -> str:
        """Return the reason why ``url``, in normal form, is not fetched; "" if it is."""
        if self.exclude is not None and self.exclude.match(url):
            return "excluded"
        if self.include is not None and not self.include.match(url):
            return "not-included"
        if self.avoids_actions and acts(url, logged_in=self.logged_in):
            return ACTION
        return ""
