"""The settings of a crawl: which frontier and job, how much at once, when it stops."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scrapy.dupefilters import BaseDupeFilter
from scrapy.settings import default_settings

from crawlproj._scrapy.arguments import arguments_of
from crawlproj.config import boolean, integer, number, requests_in_flight, text
from crawlproj.errors import ConfigError
from crawlproj.frontier.redis.connection import REDIS_SCHEMES, RedisConfig
from crawlproj.frontier.url import frontier_from_url
from crawlproj.masking import masked
from crawlproj.scheduling.job_name import job_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy import Spider
    from scrapy.settings import BaseSettings

    from crawlproj.frontier.base import Frontier

PAGE_BYTES = 16 * 1024 * 1024
"""DOWNLOAD_MAXSIZE as crawlproj sets it, for pages."""


@dataclass(frozen=True, slots=True)
class CrawlConfig:
    """The settings that the scheduler reads.

    frontier_url: FRONTIER_URL, else REDIS_URL, else a file, which is in JOBDIR if that is set.
    redis_params: REDIS_PARAMS.
    generation: FRONTIER_GENERATION; 0 means the one that is due.
    keep: SCHEDULER_PERSIST: whether a shared frontier outlives its last worker.
    job: FRONTIER_JOB; "" means that the spider names the job, or its name and arguments do.
    reset: FRONTIER_RESET or scrapy-redis's SCHEDULER_FLUSH_ON_START: forget the job's entries.
    lease_s: FRONTIER_LEASE_TIME.
    max_pages: MAX_PAGES; 0 means no limit.
    in_flight: CONCURRENT_REQUESTS: max requests downloading at once.
    seeds_pending: SEED_MAX_PENDING: with so many entries pending, seeds wait.
    grace_s: SHUTDOWN_GRACE: how long downloads may go on after a signal to stop.
    file_bytes: the size limit of files of media pipelines: Scrapy's, if DOWNLOAD_MAXSIZE is what
        crawlproj sets for pages; else None, which leaves DOWNLOAD_MAXSIZE.
    filtering: whether a known URL is not fetched again; off if DUPEFILTER_CLASS is Scrapy's
        BaseDupeFilter.
    in_fleet: FLEET_WORKER: the supervisor of `scrapy fleet` says how the crawl ended.
    """

    frontier_url: str = "sqlite:///crawl.db"
    redis_params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    generation: int = 0
    keep: bool = True
    job: str = ""
    reset: bool = False
    lease_s: float = 30.0
    max_pages: int = 0
    in_flight: int = 16
    seeds_pending: int = 100_000
    grace_s: float = 8.0
    filtering: bool = True
    file_bytes: int | None = None
    in_fleet: bool = False

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> CrawlConfig:
        """Read and check the settings. Raises ConfigError naming the first wrong one."""
        return cls(
            frontier_url=text(settings, "FRONTIER_URL", "")
            or _redis_url(settings)
            or _own_file(text(settings, "JOBDIR", "")),
            redis_params=RedisConfig.from_settings(settings).params,
            generation=integer(settings, "FRONTIER_GENERATION", 0),
            keep=boolean(settings, "SCHEDULER_PERSIST", default=True),
            job=text(settings, "FRONTIER_JOB", ""),
            reset=boolean(settings, "FRONTIER_RESET")
            or boolean(settings, "SCHEDULER_FLUSH_ON_START"),
            lease_s=number(settings, "FRONTIER_LEASE_TIME", 30.0, minimum=1.0),
            max_pages=integer(settings, "MAX_PAGES", 0),
            in_flight=requests_in_flight(settings),
            seeds_pending=integer(settings, "SEED_MAX_PENDING", 100_000, minimum=1),
            grace_s=number(settings, "SHUTDOWN_GRACE", 8.0),
            file_bytes=_file_bytes(settings),
            filtering=settings.get("DUPEFILTER_CLASS")
            not in (BaseDupeFilter, "scrapy.dupefilters.BaseDupeFilter"),
            in_fleet=bool(text(settings, "FLEET_WORKER", "")),
        )

    def frontier(self) -> Frontier:
        """Return the frontier, not yet opened. Raises ConfigError if its URL is wrong."""
        return frontier_from_url(
            self.frontier_url,
            redis=self.redis_params,
            generation=self.generation,
            keep=self.keep,
        )

    @property
    def place(self) -> str:
        """Where the frontier is, secrets masked."""
        return masked(self.frontier_url)

    @staticmethod
    def reopens(spider: Spider) -> bool:
        """Whether ``spider`` goes on with a crawl that has finished, to check its pages."""
        return getattr(spider, "refresh", None) is not None

    def job_of(self, spider: Spider) -> str:
        """Return the name of the job that ``spider`` works on."""
        own = self.job or getattr(spider, "job", "")
        return own or job_name(spider.name, arguments_of(spider))


def _redis_url(settings: BaseSettings) -> str:
    """Return REDIS_URL. Raises ConfigError if it names another kind of frontier, or none."""
    url = text(settings, "REDIS_URL", "")
    if url and url.partition(":")[0].lower() not in REDIS_SCHEMES:
        raise ConfigError(f"REDIS_URL is {masked(url)!r}: write redis://host:port/0")
    return url


def _own_file(jobdir: str) -> str:
    """Return the frontier of a crawl that names none. jobdir: where Scrapy would keep its state."""
    return f"sqlite:///{jobdir.rstrip('/')}/frontier.db" if jobdir else "sqlite:///crawl.db"


def _file_bytes(settings: BaseSettings) -> int | None:
    page_bytes = integer(settings, "DOWNLOAD_MAXSIZE", 0)
    return default_settings.DOWNLOAD_MAXSIZE if page_bytes == PAGE_BYTES else None
