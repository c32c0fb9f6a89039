"""The one URL normalisation of this project, and what is derived from a normalised URL.

A URL is read as browsers read it (WHATWG URL Standard, https://url.spec.whatwg.org, by ada-url) and
written in one way: scheme and host in lower case, international names in Punycode, no default port,
dot segments resolved, "/" for an empty path. On top of that (RFC 3986 §6.2.2): percent-encoded
unreserved characters are decoded, the others written in upper case. The fragment is dropped. The
query keeps its order: sorting it changes the meaning for some servers.

URLs with credentials are refused: a link must not make the crawler log in somewhere.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Protocol

import ada_url
import tldextract

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_URL_LENGTH = 8192
"""Characters; longer URLs are refused. Servers commonly accept 8 KB request lines."""

_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def normalize(url: str) -> str | None:
    """Return the normal form of an absolute http or https URL; None for anything else."""
    return _written(url, None)


def join(base: str, href: str) -> str | None:
    """Return the normal form of ``href`` as found in a document whose base URL is ``base``."""
    return _written(href, base)


def _written(url: str, base: str | None) -> str | None:
    try:
        href = ada_url.normalize_url(url) if base is None else ada_url.join_url(base, url)
        href = _unescaped(href.partition("#")[0])
    except ValueError:  # UnicodeError is one: a lone surrogate
        return None
    if not href.startswith(("http://", "https://")) or len(href) > MAX_URL_LENGTH:
        return None
    return None if "@" in href and "@" in href.split("/", 3)[2] else href


def _unescaped(href: str) -> str:
    # The parser has resolved "%2e%2e" as the dot segment it is, so none appears here. Again until
    # nothing changes, for "%%37e": decoding may make an escape.
    while "%" in href and (normal := _ESCAPE.sub(_decoded, href)) != href:
        href = normal
    return href


def _decoded(escape: re.Match[str]) -> str:
    character = chr(int(escape[0][1:], 16))
    return character if character in _UNRESERVED else escape[0].upper()


@lru_cache(maxsize=8192)
def _site_of_origin(scheme: str, host: str) -> str:
    host = host.rpartition("@")[2].lower()
    return host.removesuffix(_DEFAULT_PORTS.get(scheme.lower(), ""))


def site_of(url: str) -> str:
    """Return the host of an absolute URL, with the port when it is not the scheme's own."""
    scheme, _, rest = url.partition("://")
    end = len(rest)
    for mark in "/?#":
        found = rest.find(mark, 0, end)
        if found >= 0:
            end = found
    return _site_of_origin(scheme, rest[:end])


class Scope(Protocol):
    """Which URLs a crawl follows."""

    def allows(self, url: str) -> bool:
        """Whether ``url``, in normal form, belongs to the crawl."""


class HostScope:
    """The hosts (and ports) of the seeds, http and https alike. www.example.org is another host."""

    def __init__(self, seeds: Sequence[str]) -> None:
        self._hosts = frozenset(site_of(seed) for seed in seeds)

    def allows(self, url: str) -> bool:
        """See Scope."""
        return site_of(url) in self._hosts


class DomainScope:
    """The registrable domains of the seeds, by the Public Suffix List (private suffixes too).

    The list is the one that comes with tldextract; nothing is fetched. An IP address, or a name
    without a public suffix, stands for itself, with its port.
    """

    def __init__(self, seeds: Sequence[str]) -> None:
        self._domains = frozenset(registrable_domain(site_of(seed)) for seed in seeds)

    def allows(self, url: str) -> bool:
        """See Scope."""
        return registrable_domain(site_of(url)) in self._domains


class PrefixScope:
    """What is below the directory of a seed: /docs/ for /docs/index.html; http and https alike."""

    def __init__(self, seeds: Sequence[str]) -> None:
        prefixes = (_without_scheme(seed.partition("?")[0]) for seed in seeds)
        self._prefixes = tuple(prefix[: prefix.rindex("/") + 1] for prefix in prefixes)

    def allows(self, url: str) -> bool:
        """See Scope."""
        return _without_scheme(url).startswith(self._prefixes)


_SCOPES: dict[str, Callable[[Sequence[str]], Scope]] = {
    "host": HostScope,
    "domain": DomainScope,
    "prefix": PrefixScope,
}


def scope_from(kind: str, seeds: Sequence[str]) -> Scope:
    """Return the scope of ``kind`` ("host", "domain", "prefix") around ``seeds`` in normal form."""
    if kind not in _SCOPES:
        raise ConfigError(f"-a scope must be one of {', '.join(_SCOPES)}, not {kind!r}")
    return _SCOPES[kind](seeds)


def _without_scheme(url: str) -> str:
    return url.partition("://")[2]


_EXTRACT = tldextract.TLDExtract(
    suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True
)


@lru_cache(maxsize=8192)
def registrable_domain(site: str) -> str:
    """Return the registrable domain of a site, or the site itself if it has none."""
    host, _, port = site.rpartition(":")
    name = host if port.isdigit() and host else site
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return _EXTRACT(name).top_domain_under_public_suffix or site
    return site
