"""Which paths were fetched lately, with a query and without one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.links.news import Recent

if TYPE_CHECKING:
    from collections.abc import Iterable


class Fetched:
    """The URLs of the pages of a crawl, by what they are without their query or a parameter."""

    def __init__(self) -> None:
        # URLs, paths with "?" if there was a query, and "… and more" for one with a parameter.
        self._known = Recent()

    def note(self, url: str, shorter: Iterable[str] = ()) -> None:
        """Take in a URL; ``shorter``: what it is without each of its parameters."""
        path, mark, _ = url.partition("?")
        self._known.put(path + mark)
        if mark:
            self._known.put(url)
            for each in shorter:
                self._known.put(f"{each} and more")

    def has(self, url: str) -> bool:
        """Whether ``url`` was fetched."""
        return self._known.has(url)

    def has_path_of(self, url: str) -> bool:
        """Whether ``url`` has a query, and its path was fetched with or without one."""
        path, mark, _ = url.partition("?")
        return mark != "" and (self._known.has(path) or self._known.has(f"{path}?"))

    def has_or_more(self, rest: str) -> bool:
        """Whether ``rest`` was fetched, or a URL that has one parameter more."""
        return self._known.has(f"{rest} and more") or self._known.has(rest)
