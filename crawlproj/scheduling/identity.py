"""Which requests of a crawl are the same, as its project says."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy.dupefilters import BaseDupeFilter, RFPDupeFilter
from scrapy.utils.misc import build_from_crawler, load_object
from scrapy.utils.python import global_object_name

from crawlproj.scheduling.serialize import key_of, key_of_fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

_SCRAPY_REDIS = "scrapy_redis.dupefilter.RFPDupeFilter"  # filters as Scrapy's does


def identity_of(crawler: Crawler) -> Callable[[Request], int]:
    """Return what gives requests their key, which is the same for requests that are the same.

    It is the fingerprint of a DUPEFILTER_CLASS that only changes that of Scrapy's filter, or of the
    REQUEST_FINGERPRINTER_CLASS, if the project chose one. A filter that decides by itself cannot be
    asked, because the frontier has to know what it decided before; a warning says so.
    """
    settings = crawler.settings
    filters = load_object(settings["DUPEFILTER_CLASS"])
    if filters not in (BaseDupeFilter, RFPDupeFilter):
        if getattr(filters, "request_seen", None) is RFPDupeFilter.request_seen:
            duplicates = build_from_crawler(filters, crawler)
            duplicates.close("finished")
            return lambda request: key_of_fingerprint(
                duplicates.request_fingerprint(request).encode()
            )
        if (name := global_object_name(filters)) != _SCRAPY_REDIS:
            logger.warning(
                "DUPEFILTER_CLASS: request_seen() of %s is not called. Let "
                "REQUEST_FINGERPRINTER_CLASS say which requests are the same, or keep Scrapy's "
                "scheduler with SCHEDULER = 'scrapy.core.scheduler.Scheduler'",
                name,
            )
    if not settings.getpriority("REQUEST_FINGERPRINTER_CLASS"):
        return key_of
    fingerprint = crawler.request_fingerprinter.fingerprint
    return lambda request: key_of_fingerprint(fingerprint(request))
