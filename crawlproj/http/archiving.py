"""Gives the handler's requests and responses to a WARC archive."""

from __future__ import annotations

import time
from time import perf_counter
from typing import TYPE_CHECKING

from crawlproj import __version__
from crawlproj.http.access import LOGIN

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawlproj.http.connection import Protocol
    from crawlproj.http.outgoing import Outgoing
    from crawlproj.warc.records import Exchange

NOT_ARCHIVED = "crawlproj_not_archived"
"""The key of Request.meta that requests have whose responses are not for a replay."""
STORED_AT = "crawlproj_stored_at"
"""The key of Request.meta of a request with validators: when the version that has them was fetched
(unix seconds).
"""
UNARCHIVED = frozenset({LOGIN, NOT_ARCHIVED})
"""Requests with one of these keys are not archived: a login has a password."""

_TRUNCATED = {"dataloss": "disconnect", "download_stopped": "unspecified"}


def archive_info(crawler: Crawler) -> dict[str, str]:
    """Return the fields of the warcinfo records of a crawl."""
    info = {
        "software": f"crawlproj/{__version__}",
        "format": "WARC File Format 1.1",
        "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
    }
    if crawler.spider is not None:
        info["isPartOf"] = crawler.spider.name
    return info


def exchange_of(
    request: Request, outgoing: Outgoing, protocol: Protocol, response: Response
) -> Exchange:
    """Return the exchange that has just ended on a connection."""
    from crawlproj.warc.records import Exchange, final_response  # noqa: PLC0415 - an extra

    truncated = [_TRUNCATED[flag] for flag in response.flags if flag in _TRUNCATED]
    direct = outgoing.proxy_origin is None
    return Exchange(
        url=response.url,
        at=time.time() - (perf_counter() - outgoing.timings.ready_at),
        request=b"".join(outgoing.chunks()),
        response=final_response(protocol.wire()),
        status=response.status,
        peer=str(protocol.peer) if direct and protocol.peer is not None else "",
        truncated=truncated[0] if truncated else "",
        stored_at=request.meta.get(STORED_AT, 0.0),
    )
