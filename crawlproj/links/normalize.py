"""The one URL normalisation of this project, and what is derived from a normalised URL.

A URL is read as browsers read it (WHATWG URL Standard, https://url.spec.whatwg.org, by ada-url) and
written in one way: scheme and host in lower case, international names in Punycode, no default port,
dot segments resolved, "/" for an empty path. On top of that (RFC 3986 §6.2.2): percent-encoded
unreserved characters are decoded, the others written in upper case; a "%" that begins no escape,
and characters that a URI must not hold, are escaped. The fragment is dropped, and a "?" with
nothing after it. The query keeps its order: sorting it changes the meaning for some servers.

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

_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
# What is left to write in one way once the URL Standard is satisfied, and how: each spelling of an
# escape; "%" that begins none; characters that RFC 3986 does not allow outside the host, which
# Scrapy's Request would escape, giving one page two names.
_IRREGULAR = re.compile(r"%(?:[0-9a-fA-F]{2})?|[\[\]^`{|}]")
_SUSPECT = re.compile(r"[%\[\]^`{|}]")
_REGULAR = {
    f"%{high}{low}": chr(int(high + low, 16))
    if chr(int(high + low, 16)) in _UNRESERVED
    else f"%{high}{low}".upper()
    for high in "0123456789abcdefABCDEF"
    for low in "0123456789abcdefABCDEF"
} | {character: f"%{ord(character):02X}" for character in "%[]^`{|}"}
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def normalize(url: str) -> str | None:
    """Return the normal form of an absolute http or https URL; None for anything else."""
    return _written(url, None)


def join(base: str, href: str) -> str | None:
    """Return the normal form of ``href`` as found in a document whose base URL is ``base``."""
    return _written(href, base)


def _written(url: str, base: str | None) -> str | None:
    if len(url) > MAX_URL_LENGTH:  # data: URLs hold whole files
        return None
    try:
        href = ada_url.normalize_url(url) if base is None else ada_url.join_url(base, url)
    except ValueError:  # UnicodeError is one: a lone surrogate
        return None
    if not href.startswith(("http://", "https://")):
        return None
    href = href.partition("#")[0]
    if "@" in href and "@" in href.split("/", 3)[2]:
        return None
    if _SUSPECT.search(href, 8):  # most URLs have none: this is all they pay
        path = href.index("/", 8)
        href = href[:path] + _IRREGULAR.sub(_regular, href[path:])
    if href[-1] == "?" and href.index("?") == len(href) - 1:
        href = href[:-1]
    return href if len(href) <= MAX_URL_LENGTH else None


def _regular(irregular: re.Match[str]) -> str:
    # One pass: what is decoded cannot make an escape, since "%" that begins none is escaped itself;
    # nor a dot segment, since the parser has resolved "%2e%2e" as the one it is.
    return _REGULAR[irregular[0]]


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
