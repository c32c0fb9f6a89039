"""Corrects what Scrapy takes a page for: its class and its encoding."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scrapy.http import HtmlResponse, JsonResponse, Response, TextResponse

from crawlproj._scrapy.headers import values_of
from crawlproj._scrapy.responses import given_encoding
from crawlproj.content.media_type import Kind, kind_of, media_type
from crawlproj.content.tree import encoding_in, encoding_of

if TYPE_CHECKING:
    from scrapy import Request

__all__ = ["PageTypeMiddleware"]

# Scrapy makes these of a label that is missing, broken or wrong. Of the others it knows the type.
_UNDECIDED = (Response, TextResponse, JsonResponse)
_PRESCAN_BYTES = 1024  # as many as browsers and Scrapy search for a declaration
_DECLARED = re.compile(rb"charset\s*=\s*[\"']?\s*([^\"'\s;/>]+)", re.IGNORECASE)


class PageTypeMiddleware:
    """Makes a page an HtmlResponse if a browser would, in an encoding that browsers know.

    Belongs above the middleware that decompresses (590), because it looks at the body. Labels such
    as "text/html,text/html" or "charset=hex" then do no harm, in any spider.
    """

    def process_response(self, request: Request, response: Response) -> Response:  # noqa: ARG002
        """Return ``response``, or a copy with another class or encoding."""
        body = response.body
        declared = media_type(values_of(response.headers, b"Content-Type"))
        changes: dict[str, Any] = {}
        if type(response) in _UNDECIDED and kind_of(declared, body) is Kind.HTML:
            changes = {"cls": HtmlResponse, "encoding": given_encoding(response) or None}
        decoded = bool(changes) or isinstance(response, TextResponse)
        if decoded and not given_encoding(response) and _is_misleading(declared.charset, body):
            changes["encoding"] = _python_codec(encoding_in(body))
        return response.replace(**changes) if changes else response


def _is_misleading(charset: str, body: bytes) -> bool:
    """Whether Scrapy would decode ``body`` with a codec that is not an encoding of the web.

    charset: the label of the header; "" if there is none.
    """
    if charset:
        return _known(charset) is None
    found = _DECLARED.search(body, 0, _PRESCAN_BYTES)
    if found is None:
        return False
    name = _known(found[1].decode("latin-1"))
    # A declaration that can be read as ASCII is not in UTF-16.
    return name is None or name.startswith("UTF-16")


@lru_cache(maxsize=256)
def _known(label: str) -> str | None:
    return encoding_of(label)


def _python_codec(name: str | None) -> str:
    try:
        return codecs.lookup(name or "").name
    except LookupError:
        return "utf-8"
