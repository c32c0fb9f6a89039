"""Filters URLs by domain, pattern and file extension."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawlproj.urls import normalize, site_of

if TYPE_CHECKING:
    from collections.abc import Iterable

Patterns = str | re.Pattern[str] | list[str | re.Pattern[str]] | tuple[str | re.Pattern[str], ...]


class UrlFilter:
    """The filters of a LinkExtractor, which has the same arguments. Expects normalized URLs."""

    def __init__(
        self,
        allow: Patterns,
        deny: Patterns,
        allow_domains: str | Iterable[str],
        deny_domains: str | Iterable[str],
        deny_extensions: str | Iterable[str],
    ) -> None:
        self._allow = compiled(allow)
        self._deny = compiled(deny)
        self._allow_domains = frozenset(map(_domain, listed(allow_domains)))
        self._deny_domains = frozenset(map(_domain, listed(deny_domains)))
        self._extensions = frozenset(
            "." + ext.lower().lstrip(".") for ext in listed(deny_extensions)
        )

        self._is_selective = any((self._allow, self._deny, self._allow_domains, self._deny_domains))

    def matches(self, url: str) -> bool:
        """Whether ``url`` passes the domain, allow and deny filters."""
        if self._allow_domains or self._deny_domains:
            site = site_of(url)
            if self._allow_domains and not _is_under(site, self._allow_domains):
                return False
            if _is_under(site, self._deny_domains):
                return False
        if self._allow and not any(pattern.search(url) for pattern in self._allow):
            return False
        return not any(pattern.search(url) for pattern in self._deny)

    def passes(self, url: str) -> bool:
        """Whether ``url`` passes every filter."""
        if self._is_selective and not self.matches(url):
            return False
        return not (self._extensions and extension_in(url, self._extensions))


def extension_in(url: str, extensions: frozenset[str]) -> str:
    """Return which of ``extensions``, such as ".tar.gz", the path of ``url`` ends in; else ""."""
    path = url.partition("?")[0] if "?" in url else url
    start = path.find(".", path.rindex("/"))
    while start >= 0:
        if (extension := path[start:].lower()) in extensions:
            return extension
        start = path.find(".", start + 1)
    return ""


def listed(value: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return ``value`` as a tuple: of one if it is a string, empty if it is None."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def compiled(patterns: Patterns | None) -> tuple[re.Pattern[str], ...]:
    """Return ``patterns``, one or several, as compiled regular expressions."""
    if patterns is None:
        return ()
    several = (patterns,) if isinstance(patterns, str | re.Pattern) else patterns
    return tuple(re.compile(pattern) for pattern in several)


def _is_under(site: str, domains: frozenset[str]) -> bool:
    """Whether the host of ``site``, with or without port, is or is below one of ``domains``."""
    host = site.rpartition(":")[0] if site[-1:].isdigit() and ":" in site else site
    for name in {host, site}:
        suffix = name
        while suffix:
            if suffix in domains:
                return True
            suffix = suffix.partition(".")[2]
    return False


def _domain(name: str) -> str:
    url = normalize(f"https://{name}/")
    return site_of(url) if url else name.lower()
