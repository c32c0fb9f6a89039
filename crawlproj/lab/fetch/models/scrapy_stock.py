"""Stock Scrapy with its defaults, and the job's number of requests in flight for the one site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.settings import Settings

from crawlproj.lab.fetch.toolkit.spider import crawl

if TYPE_CHECKING:
    from crawlproj.lab.fetch.toolkit.job import Job


def run(job: Job) -> None:
    """Fetch all pages."""
    own = {
        "CONCURRENT_REQUESTS": job.in_flight,
        "CONCURRENT_REQUESTS_PER_DOMAIN": job.in_flight,
        "LOG_LEVEL": "ERROR",
    }
    crawl(job, Settings(own))
