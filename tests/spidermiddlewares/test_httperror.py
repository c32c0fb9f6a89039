"""Statuses to keep, from settings.py or from a command line."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from scrapy.http import Request, Response
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.utils.test import get_crawler

from crawlproj.errors import ConfigError
from crawlproj.spidermiddlewares.httperror import HttpErrorNotingMiddleware


def middleware(codes: Any) -> HttpErrorNotingMiddleware:
    crawler = get_crawler(settings_dict={"HTTPERROR_ALLOWED_CODES": codes})
    crawler.spider = crawler._create_spider("some")
    crawler.engine = Mock(scheduler=None)
    return HttpErrorNotingMiddleware.from_crawler(crawler)


@pytest.mark.parametrize("codes", [[404, 410], (404,), "404", "404,410", "410, 404"])
def test_a_status_is_kept_however_it_was_given(codes: Any) -> None:
    request = Request("http://a/")
    kept = middleware(codes)
    kept.process_spider_input(Response("http://a/", 404, request=request))
    with pytest.raises(HttpError):
        kept.process_spider_input(Response("http://a/", 500, request=request))


@pytest.mark.parametrize("codes", ["4xx", [None], "404;410", 404])
def test_the_error_for_what_is_no_status_names_the_setting(codes: Any) -> None:
    with pytest.raises(ConfigError, match="HTTPERROR_ALLOWED_CODES must be a list of whole num"):
        middleware(codes)
