"""Which URLs a crawl follows, and how the redirects of its start pages change that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crawlproj.errors import ConfigError
from crawlproj.urls import registrable_domain, site_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

KINDS = ("host", "domain", "prefix")


class Scope:
    """The URLs that a crawl from some start pages follows.

    kind: "host", "domain" or "prefix". seeds: the start pages, normalized.
    moved: where start pages redirected to, by start page. The scope follows them.

    Raises ConfigError for any other kind.
    """

    def __init__(self, kind: str, seeds: Sequence[str]) -> None:
        if kind not in KINDS:
            raise ConfigError(f"-a scope must be one of {', '.join(KINDS)}, not {kind!r}")
        self.kind = kind
        self.moved: dict[str, str] = {}
        self._seeds = tuple(seeds)
        self._set()

    def allows(self, url: str) -> bool:
        """Whether the crawl follows ``url``, which is normalized."""
        return self._area.allows(url)

    def allows_site_of(self, url: str) -> bool:
        """Whether ``url`` is on a site of the crawl, in scope or not, such as its robots.txt."""
        return self._sites.allows(url)

    def move(self, moved: Mapping[str, str]) -> bool:
        """Let the scope follow start pages to where they redirected; returns whether it changed.

        It stays within the registrable domain of the start page: example.org may lead to
        www.example.org, and not to the site of someone else.
        """
        new = {
            seed: url
            for seed, url in moved.items()
            if seed in self._seeds and self.moved.get(seed) != url and _same_domain(seed, url)
        }
        self.moved.update(new)
        if new:
            self._set()
        return bool(new)

    def _set(self) -> None:
        places = [self.moved.get(seed, seed) for seed in self._seeds]
        sites = _Domains if self.kind == "domain" else _Hosts
        self._sites: _Area = sites((*self._seeds, *places))
        self._area = _Prefixes(places) if self.kind == "prefix" else self._sites


class _Area(Protocol):
    def allows(self, url: str) -> bool:
        """Whether ``url``, which is normalized, is inside."""


class _Hosts:
    """The hosts and ports of some URLs, over http and https. www.example.org is another host."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._hosts = frozenset(map(site_of, urls))

    def allows(self, url: str) -> bool:
        return site_of(url) in self._hosts


class _Domains:
    """The registrable domains of some URLs, by the Public Suffix List with its private suffixes.

    Uses the list that ships with tldextract and downloads nothing. An IP address, or a name without
    a public suffix, is its own domain, including its port.
    """

    def __init__(self, urls: Iterable[str]) -> None:
        self._domains = frozenset(registrable_domain(site_of(url)) for url in urls)

    def allows(self, url: str) -> bool:
        return registrable_domain(site_of(url)) in self._domains


class _Prefixes:
    """The directories of some URLs, such as /docs/ for /docs/index.html, over http and https."""

    def __init__(self, urls: Iterable[str]) -> None:
        prefixes = (_without_scheme(url.partition("?")[0]) for url in urls)
        self._prefixes = tuple(prefix[: prefix.rindex("/") + 1] for prefix in prefixes)

    def allows(self, url: str) -> bool:
        return _without_scheme(url).startswith(self._prefixes)


def _without_scheme(url: str) -> str:
    return url.partition("://")[2]


def _same_domain(one: str, other: str) -> bool:
    # A name without a public suffix is its own domain, and so would www.intranet be.
    first, second = (registrable_domain(site_of(url)).removeprefix("www.") for url in (one, other))
    return first == second
