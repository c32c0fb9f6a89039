"""Builds Scrapy responses."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

from scrapy.http import Response
from scrapy.responsetypes import responsetypes

if TYPE_CHECKING:
    from scrapy.exceptions import StopDownload
    from scrapy.http import Headers

    from crawlproj.http.body import Source
    from crawlproj.http.head import ResponseHead

_CONTENT_TYPE = b"Content-Type"


def build_response(
    url: str,
    head: ResponseHead,
    source: Source,
    body: bytes,
    *,
    flags: list[str] | None = None,
    stop: StopDownload | None = None,
) -> Response:
    """Return the response, equal to the one Scrapy's own handlers would build.

    If ``stop.fail`` is set, sets ``stop.response`` and raises ``stop`` instead.
    """
    response = response_class(head.headers, url, body)(
        url=url,
        status=head.status,
        body=body,
        flags=flags,
        certificate=source.certificate,
        ip_address=source.peer,
        protocol=head.protocol,
    )
    response.headers = head.headers  # the constructor would copy them
    if stop is not None:
        response.flags.append("download_stopped")
        if stop.fail:
            stop.response = response
            raise stop
    return response


def response_class(headers: Headers, url: str, body: bytes) -> type[Response]:
    """Return the class that ``responsetypes.from_args()`` returns.

    Scrapy looks at Content-Type first, and no further if that selects a specific class and the body
    is not compressed. That first step is cached by header value.
    """
    values = dict.get(headers, _CONTENT_TYPE)
    if values and not dict.__contains__(headers, b"Content-Encoding"):
        found = _class_by_content_type(values[-1])
        if found is not Response:
            return found
    return responsetypes.from_args(headers=_mapping(headers), url=url, body=body)


def _mapping(headers: Headers) -> dict[bytes, bytes]:
    return cast("dict[bytes, bytes]", headers)


@lru_cache(maxsize=1024)
def _class_by_content_type(value: bytes) -> type[Response]:
    return responsetypes.from_content_type(value)
