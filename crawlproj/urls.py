"""Normalizes URLs the same way everywhere in this project, and derives sites from them.

ada-url reads a URL as browsers do (WHATWG URL Standard, https://url.spec.whatwg.org) and writes it
with a lower-case scheme and host, international names in Punycode, no default port, dot segments
resolved, and "/" for an empty path. This module also (RFC 3986 §6.2.2) decodes percent-encoded
unreserved characters, writes other escapes in upper case, and escapes each character that a URI
must not contain. It drops the fragment, and an empty query with its "?". The query keeps its order,
because some servers depend on it.

URLs with credentials are refused: a link must not make the crawler log in somewhere.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

import ada_url

from crawlproj.masking import without_credentials

if TYPE_CHECKING:
    from tldextract import TLDExtract

__all__ = ["join", "normalize", "origin_of", "registrable_domain", "site_of"]

MAX_URL_LENGTH = 8192
"""Characters; longer URLs are refused. Servers commonly accept 8 KB request lines."""

_ORIGIN = re.compile(r"(https?://)(?:[^/?#]*@)?([^/?#]+)", re.IGNORECASE)
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
# The URL Standard leaves these as they are: escapes of unreserved characters or in lower case, and
# characters that RFC 3986 does not allow outside the host. Scrapy's Request would escape these, and
# one page would have two URLs. A "%" that does not begin an escape stays, because some servers mean
# it ("%u0430"). Other escapes, of which paths in Chinese or Russian consist, are not looked at.
_IRREGULAR = re.compile(
    r"%(?:2[DE]|3[0-9]|[46][1-9A-F]|5[0-9AF]|7[0-9AE]|[a-f][0-9a-fA-F]|[0-9A-F][a-f])"
    r"|[\[\\\]^`{|}]"
)
_REGULAR = {
    f"%{high}{low}": chr(int(high + low, 16))
    if chr(int(high + low, 16)) in _UNRESERVED
    else f"%{high}{low}".upper()
    for high in "0123456789abcdefABCDEF"
    for low in "0123456789abcdefABCDEF"
} | {character: f"%{ord(character):02X}" for character in "[\\]^`{|}"}
# Beside such a "%", decoding could create an escape that was none: "%4%31".
_STRAY = re.compile(r"%(?![0-9a-fA-F]{2})")
_CAUTIOUS = {
    irregular: irregular.upper() if regular in "0123456789ABCDEFabcdef" else regular
    for irregular, regular in _REGULAR.items()
}
_NO_OTHER_BASE = ("http:", "https:", "data:", "javascript:")  # browsers ignore the last two
_OTHER_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*+:", re.IGNORECASE)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# A relative path, and perhaps a query, that every base leaves as it is: without dot segments,
# escapes, and characters that have a meaning or are escaped. Most links of most sites are such.
_SIMPLE = re.compile(
    r"(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*+/)*+(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*+)?+"
    r"(?:\?[A-Za-z0-9_.~=&+/,;:@-]++)?+"
)
_MAX_SIMPLE = MAX_URL_LENGTH // 2  # characters; of a base and of a link, so that both fit


def normalize(url: str) -> str | None:
    """Return the normal form of an absolute http or https URL, or None for anything else."""
    return url if _simple_from(url) else _normalized(url, None)


def is_plain(url: str) -> bool:
    """Whether ``url`` is in normal form, as most are, and shows it at first sight."""
    return bool(_simple_from(url))


def join(base: str, href: str) -> str | None:
    """Return the normal form of ``href``, relative to ``base``, or None if it is not http(s)."""
    root, directory, document = _places(base)
    if root and len(href) <= _MAX_SIMPLE:
        if href.startswith("/") and _SIMPLE.fullmatch(href, 1):
            return root + href[1:]
        if href.startswith(root) and _SIMPLE.fullmatch(href, len(root)):
            return href
        if href and _SIMPLE.fullmatch(href):
            return (document if href[0] == "?" else directory) + href
    return None if has_other_scheme(href) else _normalized(href, base)


def has_other_scheme(href: str) -> bool:
    """Whether ``href`` shows at first sight that it is neither relative nor of http or https."""
    return _OTHER_SCHEME.match(href) is not None


def other_base(href: str) -> str | None:
    """Return ``href`` if a base element may have it and it is an absolute URL of another scheme.

    Links that are relative to such a base, such as "file:///C:/site/", lead to no page.
    """
    try:
        base: str = ada_url.normalize_url(href)
    except ValueError:
        return None
    return None if base.startswith(_NO_OTHER_BASE) else base


@lru_cache(maxsize=1024)
def _places(base: str) -> tuple[str, str, str]:
    """Return the normal forms of "/", "." and "?" relative to ``base``; "" if one is no use."""
    if start := _simple_from(base):
        document = base.partition("?")[0]
        return base[:start], document[: document.rindex("/") + 1], document
    root, directory, document = (_normalized(place, base) or "" for place in ("/", ".", "?"))
    if not (root and directory and document) or len(document) > _MAX_SIMPLE:
        return "", "", ""
    return root, directory, document


def _simple_from(url: str) -> int:
    """Return where the simple rest of a URL in normal form begins; 0 if it is not known to be."""
    root = url.find("/", 8) + 1
    if root and len(url) <= _MAX_SIMPLE and _SIMPLE.fullmatch(url, root) and _is_root(url[:root]):
        return root
    return 0


@lru_cache(maxsize=8192)
def _is_root(url: str) -> bool:
    return _normalized(url, None) == url


def valid_url(text: str) -> str:
    """Return the normal form of a URL that a person wrote. Raises ValueError if it has none.

    The message says what is wrong with the URL, and omits credentials.
    """
    url = normalize(text)
    if url is not None:
        return url
    stripped = text.strip()
    shown = without_credentials(stripped)
    if len(stripped) > MAX_URL_LENGTH:
        raise ValueError(f"'{shown[:80]}…' is longer than {MAX_URL_LENGTH} characters")
    if not re.match("https?://", stripped, re.IGNORECASE):
        raise ValueError(f"{shown!r} is not an http or https URL")
    if shown != stripped:
        raise ValueError(
            f"{shown!r} has a user name or password, which must be left out: for "
            "basic authentication, set HTTPAUTH_USER, HTTPAUTH_PASS and HTTPAUTH_DOMAIN"
        )
    raise ValueError(f"{shown!r} is not a valid URL")


def _normalized(url: str, base: str | None) -> str | None:
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
    if _IRREGULAR.search(href, 8):  # most URLs have none, and need no more than this search
        path = href.index("/", 8)
        regular = _CAUTIOUS if _STRAY.search(href, path) else _REGULAR
        href = href[:path] + _IRREGULAR.sub(lambda found: regular[found[0]], href[path:])
    if href[-1] == "?" and href.index("?") == len(href) - 1:
        href = href[:-1]
    return href if len(href) <= MAX_URL_LENGTH else None


def origin_of(url: str) -> str:
    """Return scheme, host and port of an http or https URL in lower case, or "" for any other."""
    match = _ORIGIN.match(url)
    return (match[1] + match[2]).lower() if match else ""


@lru_cache(maxsize=8192)  # each part that handles a request asks for it
def site_of(url: str) -> str:
    """Return the host of an absolute URL, with the port unless it is the scheme's default."""
    scheme, _, rest = url.partition("://")
    end = len(rest)
    for mark in "/?#":
        found = rest.find(mark, 0, end)
        if found >= 0:
            end = found
    host = rest[:end].rpartition("@")[2].lower()
    return host.removesuffix(_DEFAULT_PORTS.get(scheme.lower(), ""))


@cache
def _suffix_list() -> TLDExtract:
    import tldextract  # noqa: PLC0415 - it imports an HTTP client, and only domains need it

    return tldextract.TLDExtract(
        suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True
    )


@lru_cache(maxsize=8192)
def registrable_domain(site: str) -> str:
    """Return the registrable domain of ``site``, or ``site`` itself if it has none.

    A name like "a.b.corp", whose top level the list does not have, belongs to "b.corp", by the
    list's default rule.
    """
    host, _, port = site.rpartition(":")
    name = host if port.isdigit() and host else site
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        parts = _suffix_list()(name)
    else:
        return site
    if not parts.suffix and parts.subdomain:
        return f"{parts.subdomain.rpartition('.')[2]}.{parts.domain}"
    return parts.top_domain_under_public_suffix or site


@lru_cache(maxsize=8192)
def is_public_suffix(name: str) -> bool:
    """Whether ``name`` is a public suffix, such as "co.uk", under which anybody gets a domain."""
    parts = _suffix_list()(name)
    return bool(parts.suffix) and not parts.domain
