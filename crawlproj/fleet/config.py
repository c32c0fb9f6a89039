"""The settings of a fleet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.config import integer, number, text
from crawlproj.errors import ConfigError
from crawlproj.fleet.policy import Limits
from crawlproj.frontier.redis.connection import REDIS_SCHEMES, RedisConfig
from crawlproj.masking import masked
from crawlproj.scheduling.crawl_config import CrawlConfig

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.settings import BaseSettings

FOLDER = ".fleet"
# A worker's process ends a second or two after its grace period; see Scheduler.
_AFTER_GRACE_S = 2.0
_MAX_NAME = 48


@dataclass(frozen=True, slots=True)
class FleetConfig:
    """The settings that the supervisor needs.

    job: the job's name in the frontier. folder: FLEET_DIR.
    redis: the server that holds the frontier; None if the fleet is to start its own.
    reset: FRONTIER_RESET. keep: SCHEDULER_PERSIST. reopen: whether the spider refreshes.
    limits: SHUTDOWN_GRACE, FLEET_MAX_MEMORY, FLEET_HANG_TIMEOUT.
    interval_s: PROGRESS_INTERVAL. report, metrics_port: REPORT, METRICS_PORT.
    """

    job: str
    folder: Path
    redis: RedisConfig | None
    reset: bool
    reopen: bool
    keep: bool
    limits: Limits
    interval_s: float
    report: str
    metrics_port: int

    @classmethod
    def from_settings(cls, settings: BaseSettings, spider: Spider) -> FleetConfig:
        """Read and check the settings; raises ConfigError naming the setting that is wrong."""
        crawl = CrawlConfig.from_settings(settings)
        job = crawl.job_of(spider)
        folder = text(settings, "FLEET_DIR", "")
        given = text(settings, "FRONTIER_URL", "") or text(settings, "REDIS_URL", "")
        redis = RedisConfig(given, crawl.redis_params) if given else None
        if redis is not None:
            if given.partition(":")[0].lower() not in REDIS_SCHEMES:
                raise ConfigError(
                    f"FRONTIER_URL is {masked(given)!r}, which several workers cannot share: give "
                    "redis://…, or leave it out to let the fleet start its own Redis"
                )
            redis.client()  # raises ConfigError
        return cls(
            job=job,
            folder=Path(folder or f"{FOLDER}/{folder_name(job)}").resolve(),
            redis=redis,
            reset=crawl.reset,
            reopen=crawl.reopens(spider),
            keep=crawl.keep,
            limits=Limits(
                grace_s=crawl.grace_s + _AFTER_GRACE_S,
                memory_mb=integer(settings, "FLEET_MAX_MEMORY", 1024),
                hang_s=number(settings, "FLEET_HANG_TIMEOUT", 120.0),
            ),
            interval_s=number(settings, "PROGRESS_INTERVAL", 30.0, minimum=1.0),
            report=text(settings, "REPORT", ""),
            metrics_port=integer(settings, "METRICS_PORT", 0),
        )

    def worker_settings(self, worker: int) -> dict[str, str]:
        """Return the settings for the command line of a worker (1, 2, …); they override all others.

        None is secret: workers read the URL of an external Redis from where the fleet read it.
        """
        own = {
            "FRONTIER_JOB": self.job,
            "FRONTIER_RESET": "0",
            "SCHEDULER_FLUSH_ON_START": "0",
            # A worker must not delete a job that others or its successor continue: the fleet does.
            "SCHEDULER_PERSIST": "1",
            "STOPPED_EXIT_STATUS": "0",
            "FLEET_DIR": str(self.folder),
            "FLEET_WORKER": str(worker),
            "PROGRESS_ENABLED": "0",
            "LOG_FILE": "",  # standard error, which the supervisor redirects to the worker's file
        }
        # A report file and a port belong to one process each.
        if self.report:
            path = Path(self.report)
            own["REPORT"] = str(path.with_name(f"{path.stem}-{worker}{path.suffix}"))
        if self.metrics_port:
            own["METRICS_PORT"] = str(self.metrics_port + worker - 1)
        return own


def folder_name(job: str) -> str:
    """Return a folder name for a job: short, without special characters, unique to the job."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", job).strip("-.")
    if plain == job and len(job) <= _MAX_NAME:
        return job
    return f"{plain[:_MAX_NAME].strip('-.')}-{blake2b(job.encode(), digest_size=4).hexdigest()}"
