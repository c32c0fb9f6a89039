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
        self._seeds = dict.fromkeys(seeds)
        self._sites: _Hosts | _Domains = _Domains(seeds) if kind == "domain" else _Hosts(seeds)
        self._area: _Area = _Prefixes(seeds) if kind == "prefix" else self._sites
        # Hosts that may be one with a host in scope, and those that turned out to be another.
        self._twins = set(map(_twin_of, map(site_of, seeds))) if kind == "host" else set()
        self._twins -= {*map(site_of, seeds), ""}
        self._foreign: set[str] = set()

    def allows(self, url: str) -> bool:
        """Whether the crawl follows ``url``, which is normalized."""
        return self._area.allows(url)

    def may_allow(self, url: str) -> bool:
        """Whether ``url`` is in scope, or would be if its host is one with a host in scope.

        www.example.org and example.org are one if one redirects to the other. That shows when the
        first page of the other is fetched; see ``settle``.
        """
        return self._area.allows(url) or site_of(url) in self._twins

    def sites(self) -> set[str] | None:
        """Return the sites that URLs in scope are on, as is known now; None: of whole domains."""
        return None if isinstance(self._sites, _Domains) else self._sites.hosts | self._twins

    def settle(self, asked: str, url: str) -> bool:
        """Take in that ``asked`` led to ``url``, which may be the same; both are normalized.

        Returns whether ``asked`` is on a host that looked like one with a host in scope, and is
        another.
        """
        host = site_of(asked)
        led_to = host if url == asked else site_of(url)
        if host not in self._twins and led_to not in self._twins:  # nearly every page
            return host in self._foreign
        for twin, other in ((host, led_to), (led_to, host)):
            if twin in self._twins:
                self._twins.discard(twin)
                if self._area.allows(f"http://{other}/"):
                    self._sites.add(f"http://{twin}/")
                else:
                    self._foreign.add(twin)
        return host in self._foreign

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
            if seed in self._seeds
            and self.moved.get(seed) != url
            and domain_of(seed) == domain_of(url)
        }
        self.moved.update(new)
        for url in new.values():
            self._sites.add(url)
            self._twins.discard(site_of(url))
        if new and self.kind == "prefix":
            self._area = _Prefixes(self.moved.get(seed, seed) for seed in self._seeds)
        return bool(new)


class _Area(Protocol):
    def allows(self, url: str) -> bool:
        """Whether ``url``, which is normalized, is inside."""


class _Hosts:
    """The hosts and ports of some URLs, over http and https. www.example.org is another host."""

    def __init__(self, urls: Iterable[str]) -> None:
        self.hosts = set(map(site_of, urls))

    def add(self, url: str) -> None:
        self.hosts.add(site_of(url))

    def allows(self, url: str) -> bool:
        return site_of(url) in self.hosts


class _Domains:
    """The registrable domains of some URLs, by the Public Suffix List with its private suffixes.

    Uses the list that ships with tldextract and downloads nothing. An IP address, or a name without
    a dot, is its own domain, including its port.
    """

    def __init__(self, urls: Iterable[str]) -> None:
        self._domains = {registrable_domain(site_of(url)) for url in urls}

    def add(self, url: str) -> None:
        self._domains.add(registrable_domain(site_of(url)))

    def allows(self, url: str) -> bool:
        return registrable_domain(site_of(url)) in self._domains


class _Prefixes:
    """The directories of some URLs, such as /docs/ for /docs/index.html, over http and https."""

    def __init__(self, urls: Iterable[str]) -> None:
        prefixes = (_without_scheme(url.partition("?")[0]) for url in urls)
        self._prefixes = tuple(prefix[: prefix.rindex("/") + 1] for prefix in prefixes)

    def allows(self, url: str) -> bool:
        return _without_scheme(url).startswith(self._prefixes)


def _twin_of(host: str) -> str:
    """Return ``host`` with or without www.; "" for an IP address."""
    if host.startswith("[") or not any(map(str.isalpha, host)):
        return ""
    return host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"


def _without_scheme(url: str) -> str:
    return url.partition("://")[2]


def domain_of(url: str) -> str:
    """Return the registrable domain of ``url``, within which a redirect moves the scope."""
    # "www.intranet" is its own domain, because "intranet" is a suffix.
    return registrable_domain(site_of(url)).removeprefix("www.")
