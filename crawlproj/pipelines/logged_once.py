"""Leaves items out of the log that were lost with a failure that is logged already."""

from __future__ import annotations

import logging

from crawlproj.errors import NotStored


def log_failures_once() -> None:
    """Let Scrapy log no item that could not be written; a pipeline's failure is logged once."""
    logging.getLogger("scrapy.core.scraper").addFilter(_is_new)


def _is_new(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], NotStored))
