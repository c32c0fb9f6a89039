"""The name of a crawler in its User-Agent."""

from __future__ import annotations

import re
from functools import lru_cache

_PRODUCT = re.compile(r"([^\s/;()]+)(?:/[^\s;()]*)?")
_COMMENT = re.compile(r"\(([^()]*)\)?")
# A crawler that calls itself Mozilla, as every browser does, gives its name in a comment after
# "compatible" or before the address of its home page, or as a product that no browser has.
# Internet Explorer was "compatible", too.
_COMPATIBLE = re.compile(r"compatible;\s*(?!MSIE\b)([^\s/;()]+)", re.IGNORECASE)
_HOME_PAGE = re.compile(r"(?:^|;)\s*([^\s/;()]+)[^;]*;\s*\+?https?:", re.IGNORECASE)
_OF_BROWSERS = frozenset(
    {"mozilla", "applewebkit", "gecko", "version", "mobile", "safari", "chrome", "chromium"}
    | {"firefox", "edg", "edge", "opera", "opr", "presto", "trident"}
)


@lru_cache(maxsize=256)
def product_token(agent: str) -> str:
    """Return the name that robots.txt and robots directives use for a User-Agent (RFC 9309 §2.2.1).

    It is "crawlproj" for "crawlproj/0.1 (comment)", "Mozilla/5.0 (compatible; crawlproj/0.1)" and
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; crawlproj/0.1) Chrome/99".
    """
    products = _PRODUCT.findall(_COMMENT.sub(" ", agent))
    first: str = products[0] if products else ""
    if first.lower() != "mozilla":
        return first
    for pattern in (_COMPATIBLE, _HOME_PAGE):
        for comment in _COMMENT.findall(agent):
            if (name := pattern.search(comment)) is not None:
                return name[1]
    return next((name for name in products if name.lower() not in _OF_BROWSERS), first)
