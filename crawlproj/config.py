"""The settings of the crawl itself, read once into frozen dataclasses.

The HTTP handler's are in http/config.py and the store's in pipelines/store.py, beside what they
configure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError
from crawlproj.frontier.url import frontier_from_url
from crawlproj.redis_connection import RedisConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.settings import BaseSettings

    from crawlproj.frontier.base import Frontier


@dataclass(frozen=True, slots=True)
class CrawlConfig:
    """What the scheduler needs to know.

    frontier_url: FRONTIER_URL; without it REDIS_URL; without both a file.
    redis_params: REDIS_PARAMS.
    generation: FRONTIER_GENERATION; 0 is the one that is due.
    keep: SCHEDULER_PERSIST; whether a shared frontier outlives its last worker.
    job: FRONTIER_JOB; "" leaves the name to the spider.
    reset: FRONTIER_RESET or scrapy-redis's SCHEDULER_FLUSH_ON_START; forget what the job had.
    lease_s: FRONTIER_LEASE_TIME.
    max_pages: MAX_PAGES; 0 means no limit.
    in_flight: CONCURRENT_REQUESTS; requests downloading at once.
    delay_s: DOWNLOAD_DELAY; between two starts at one site.
    seeds_pending: SEED_MAX_PENDING; pending entries at which seeds wait.
    grace_s: SHUTDOWN_GRACE; what downloads under way get after a signal to stop.
    """

    frontier_url: str = "sqlite:///crawl.db"
    redis_params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    generation: int = 0
    keep: bool = True
    job: str = ""
    reset: bool = False
    lease_s: float = 30.0
    max_pages: int = 0
    in_flight: int = 64
    delay_s: float = 0.0
    seeds_pending: int = 100_000
    grace_s: float = 8.0

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> CrawlConfig:
        """Read and check them; raises ConfigError naming the setting that is wrong."""
        return cls(
            frontier_url=text(settings, "FRONTIER_URL", "")
            or text(settings, "REDIS_URL", "")
            or "sqlite:///crawl.db",
            redis_params=RedisConfig.from_settings(settings).params,
            generation=integer(settings, "FRONTIER_GENERATION", 0),
            keep=boolean(settings, "SCHEDULER_PERSIST", default=True),
            job=text(settings, "FRONTIER_JOB", ""),
            reset=boolean(settings, "FRONTIER_RESET")
            or boolean(settings, "SCHEDULER_FLUSH_ON_START"),
            lease_s=number(settings, "FRONTIER_LEASE_TIME", 30.0, at_least=1.0),
            max_pages=integer(settings, "MAX_PAGES", 0),
            in_flight=integer(settings, "CONCURRENT_REQUESTS", 64, at_least=1),
            delay_s=number(settings, "DOWNLOAD_DELAY", 0.0),
            seeds_pending=integer(settings, "SEED_MAX_PENDING", 100_000, at_least=1),
            grace_s=number(settings, "SHUTDOWN_GRACE", 8.0),
        )

    def frontier(self) -> Frontier:
        """Return the frontier, not yet opened; raises ConfigError if the URL is wrong."""
        return frontier_from_url(
            self.frontier_url,
            redis=self.redis_params,
            generation=self.generation,
            keep=self.keep,
        )


def text(settings: BaseSettings, name: str, default: str) -> str:
    """Return a setting that is text."""
    value = settings.get(name, default)
    if value is None:
        return default
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be text, not {value!r}")
    return value


def integer(settings: BaseSettings, name: str, default: int, *, at_least: int = 0) -> int:
    """Return a setting that is a whole number."""
    try:
        value = settings.getint(name, default)
    except (TypeError, ValueError):
        raise ConfigError(f"{name} must be a whole number, not {settings.get(name)!r}") from None
    if value < at_least:
        raise ConfigError(f"{name} must be at least {at_least}, not {value}")
    return value


def number(settings: BaseSettings, name: str, default: float, *, at_least: float = 0.0) -> float:
    """Return a setting that is a finite number."""
    try:
        value = settings.getfloat(name, default)
    except (TypeError, ValueError):
        raise ConfigError(f"{name} must be a number, not {settings.get(name)!r}") from None
    if not at_least <= value < float("inf"):
        raise ConfigError(f"{name} must be at least {at_least:g} and finite, not {value}")
    return value


def boolean(settings: BaseSettings, name: str, *, default: bool = False) -> bool:
    """Return a setting that is True or False."""
    try:
        return settings.getbool(name, default)
    except ValueError:
        raise ConfigError(f"{name} must be True or False, not {settings.get(name)!r}") from None


def text_lists(settings: BaseSettings, name: str) -> dict[str, list[str]]:
    """Return a setting that is a dict of lists of text."""
    try:
        value = settings.getdict(name)
    except (TypeError, ValueError):
        value = None
    if value is None or not all(
        isinstance(texts, list | tuple) and all(isinstance(text, str) for text in texts)
        for texts in value.values()
    ):
        raise ConfigError(f"{name} must be a dict of lists of text, not {settings.get(name)!r}")
    return {str(key): list(texts) for key, texts in value.items()}
