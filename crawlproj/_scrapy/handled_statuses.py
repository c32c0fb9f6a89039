"""Tells whether a spider wants answers with a status that is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler


def handles_status(crawler: Crawler, request: Request, status: int) -> bool:
    """Return whether HttpErrorMiddleware would give the answer to the callback of ``request``."""
    meta, settings = request.meta, crawler.settings
    if meta.get("handle_httpstatus_all") or settings.getbool("HTTPERROR_ALLOW_ALL"):
        return True
    if (chosen := meta.get("handle_httpstatus_list")) is None:
        chosen = getattr(crawler.spider, "handle_httpstatus_list", None)
    if chosen is None:
        return str(status) in map(str, settings.getlist("HTTPERROR_ALLOWED_CODES"))
    return status in chosen
