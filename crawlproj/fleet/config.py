"""What a fleet is told by its settings."""

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
# A worker is gone a second or two after its grace; see Scheduler.
_AFTER_GRACE_S = 2.0
_LONGEST_NAME = 48


@dataclass(frozen=True, slots=True)
class FleetConfig:
    """What the supervisor needs to know.

    job: its name in the frontier. folder: FLEET_DIR.
    redis: where the frontier is; None: in a server of the fleet's own.
    reset: FRONTIER_RESET. keep: SCHEDULER_PERSIST.
    limits: SHUTDOWN_GRACE, FLEET_MAX_MEMORY, FLEET_HANG_TIMEOUT.
    interval_s: PROGRESS_INTERVAL. report, metrics_port: REPORT, METRICS_PORT.
    """

    job: str
    folder: Path
    redis: RedisConfig | None
    reset: bool
    keep: bool
    limits: Limits
    interval_s: float
    report: str
    metrics_port: int

    @classmethod
    def from_settings(cls, settings: BaseSettings, spider: Spider) -> FleetConfig:
        """Read and check them; raises ConfigError naming the setting that is wrong."""
        crawl = CrawlConfig.from_settings(settings)
        job = crawl.job_of(spider)
        folder = text(settings, "FLEET_DIR", "")
        given = text(settings, "FRONTIER_URL", "") or text(settings, "REDIS_URL", "")
        redis = RedisConfig(given, crawl.redis_params) if given else None
        if redis is not None:
            if given.partition(":")[0].lower() not in REDIS_SCHEMES:
                raise ConfigError(
                    f"FRONTIER_URL is {masked(given)!r}, which several workers cannot share: give "
                    "redis://…, or leave it out for a Redis of the fleet's own"
                )
            redis.client()  # raises ConfigError
        return cls(
            job=job,
            folder=Path(folder or f"{FOLDER}/{folder_name(job)}").resolve(),
            redis=redis,
            reset=crawl.reset,
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
        """Return what a worker (1, 2, …) is told on its command line, over everything else.

        Nothing secret: where a Redis that is not ours is, workers read where we did.
        """
        own = {
            "FRONTIER_JOB": self.job,
            "FRONTIER_RESET": "0",
            "SCHEDULER_FLUSH_ON_START": "0",
            # The last one to close may be started anew; what is not to be kept we delete.
            "SCHEDULER_PERSIST": "1",
            "STOPPED_EXIT_STATUS": "0",
            "FLEET_DIR": str(self.folder),
            "FLEET_WORKER": str(worker),
            "PROGRESS_ENABLED": "0",
            "LOG_FILE": "",  # to standard error, which is the worker's own file
        }
        # What only one process can have.
        if self.report:
            path = Path(self.report)
            own["REPORT"] = str(path.with_name(f"{path.stem}-{worker}{path.suffix}"))
        if self.metrics_port:
            own["METRICS_PORT"] = str(self.metrics_port + worker - 1)
        return own


def folder_name(job: str) -> str:
    """Return a job's name as that of a folder: short, plain, and different from all others'."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", job).strip("-.")
    if plain == job and len(job) <= _LONGEST_NAME:
        return job
    return f"{plain[:_LONGEST_NAME].strip('-.')}-{blake2b(job.encode(), digest_size=4).hexdigest()}"
