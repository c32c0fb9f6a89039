"""This crawler with its own settings: frontier and store in SQLite, robots.txt, guard, limits.

Like the other models, it is given the number of requests in flight: learning a limit takes longer
than a measurement. It is also allowed to fetch from loopback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.settings import Settings

import crawlproj.settings
from crawlproj.lab.fetch.toolkit.spider import crawl

if TYPE_CHECKING:
    from crawlproj.lab.fetch.toolkit.job import Job


def run(job: Job) -> None:
    """Fetch all pages."""
    settings = Settings()
    settings.setmodule(crawlproj.settings, priority="project")
    settings.setdict(job_settings(job), priority="cmdline")
    crawl(job, settings)


def job_settings(job: Job) -> dict[str, object]:
    """Return the settings of a user who fetches these pages."""
    database = f"sqlite:///{job.spec.folder}/crawl.db"
    return {
        "FRONTIER_URL": database,
        "STORE_URL": database,
        "GUARD_ALLOW": ["127.0.0.0/8"],
        "CONCURRENT_REQUESTS": job.in_flight,
        "CONCURRENCY_MAX_PER_SITE": job.in_flight,
        "CONCURRENCY_LIMIT": "fixed",
        "LOG_LEVEL": "ERROR",
        "PROGRESS_ENABLED": False,
    }
