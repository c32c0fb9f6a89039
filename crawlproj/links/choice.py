"""The part of its scope that a crawl fetches, as its user chose. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.content.chosen_types import ChosenTypes
    from crawlproj.links.patterns import UrlPatterns


@dataclass(frozen=True, slots=True)
class Choice:
    """The choice of pages to fetch; None and 0 leave nothing out. Start pages are always fetched.

    include, exclude: a URL must match ``include`` and must not match ``exclude``.
    types: media types. pages_per_site: max pages of a host.
    """

    include: UrlPatterns | None = None
    exclude: UrlPatterns | None = None
    types: ChosenTypes | None = None
    pages_per_site: int = 0

    def __bool__(self) -> bool:
        """Whether anything may be left out."""
        return self.by_url or self.types is not None or self.pages_per_site > 0

    @property
    def by_url(self) -> bool:
        """Whether URLs may be left out for what they look like."""
        return self.include is not None or self.exclude is not None

    def why_not(self, url: str) -> str:
        """Return the reason why ``url``, in normal form, is not fetched; "" if it is."""
        if self.exclude is not None and self.exclude.match(url):
            return "excluded"
        if self.include is not None and not self.include.match(url):
            return "not-included"
        return ""
