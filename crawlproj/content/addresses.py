"""Addresses of a page as its fields have them: absolute, and of bounded length all together."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from crawlproj.urls import has_other_scheme

if TYPE_CHECKING:
    from crawlproj.content.page import PageContent

MAX_CHARACTERS = 16 * 1024 * 1024
"""Of all addresses in a field: a base of 4 KB would make gigabytes of the short links of a page."""

_BLANK = "\t\n\f\r "


class Addresses:
    """Makes addresses absolute for one field of ``page``, until they have MAX_CHARACTERS.

    Those that another field has made are not made again.
    """

    def __init__(self, page: PageContent) -> None:
        self._page = page
        self._left = MAX_CHARACTERS

    def link(self, href: str) -> str | None:
        """Return where ``href`` leads, in normal form; None if not to http(s), and at the end."""
        if self._left <= 0:
            return None
        known = self._page.absolute
        if href in known:
            url = known[href]
        else:
            url = known[href] = self._page.link(href)
        self._left -= len(self._page.base) + len(href) if url is None else len(url)
        return url

    def anchor(self, href: str) -> str:
        """Return ``href`` as it is in other places: absolute, with its fragment; of any scheme.

        After the end, it stays as it is.
        """
        href = href.strip(_BLANK)
        if has_other_scheme(href) or self._left <= 0:
            return href
        address, mark, fragment = href.partition("#")
        if (found := self.link(address)) is not None:
            return found + mark + fragment
        try:
            found = urljoin(self._page.base, address)
        except ValueError:  # such as "//["
            return href
        return found + mark + fragment
