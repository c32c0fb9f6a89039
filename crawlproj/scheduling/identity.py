"""Which requests of a crawl are the same, as its project says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.dupefilters import RFPDupeFilter
from scrapy.utils.misc import build_from_crawler, load_object

from crawlproj.scheduling.serialize import key_of, key_of_fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler


def identity_of(crawler: Crawler) -> Callable[[Request], int]:
    """Return what gives requests their key, which is the same for requests that are the same.

    It is the fingerprint of a DUPEFILTER_CLASS that only changes that of Scrapy's filter, or of the
    REQUEST_FINGERPRINTER_CLASS, if the project chose one. Filters that decide by themselves are
    asked: see own_filter.py.
    """
    settings = crawler.settings
    filters = load_object(settings["DUPEFILTER_CLASS"])
    seen = getattr(filters, "request_seen", None)
    if filters is not RFPDupeFilter and seen is RFPDupeFilter.request_seen:
        duplicates = build_from_crawler(filters, crawler)
        duplicates.close("finished")
        return lambda request: key_of_fingerprint(duplicates.request_fingerprint(request).encode())
    if not settings.getpriority("REQUEST_FINGERPRINTER_CLASS"):
        return key_of
    fingerprint = crawler.request_fingerprinter.fingerprint
    return lambda request: key_of_fingerprint(fingerprint(request))
