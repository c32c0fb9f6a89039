"""Leaves messages out of the log that say what was said before."""

from __future__ import annotations

import logging

from crawlproj.errors import NotStored


def log_news_only() -> None:
    """Let Scrapy log no item that could not be written; a pipeline's failure is logged once."""
    logging.getLogger("scrapy.core.scraper").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], NotStored))
