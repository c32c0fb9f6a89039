"""This crawler with its own settings: frontier and store in SQLite, robots.txt, guard, limits.

What the other models are told is told here, too: how many are in flight, instead of learning it
(which takes longer than a measurement), and that the site is on loopback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.settings import Settings

import crawlproj.settings
from crawlproj.lab.fetch.clients.spider import crawl

if TYPE_CHECKING:
    from crawlproj.lab.fetch.job import Job


def run(job: Job) -> None:
    """Fetch all pages."""
    settings = Settings()
    settings.setmodule(crawlproj.settings, priority="project")
    settings.setdict(own_settings(job), priority="cmdline")
    crawl(job, settings)


def own_settings(job: Job) -> dict[str, object]:
    """Return what a user who fetches these pages would set."""
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
