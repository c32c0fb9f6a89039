"""Brings crawlproj to any Scrapy project: ``ADDONS = {"crawlproj.addon.Addon": 300}``."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings
from scrapy.settings.default_settings import SCHEDULER as DEFAULT_SCHEDULER
from scrapy.utils.misc import load_object
from scrapy.utils.reactor import is_reactor_installed

import crawlproj.settings as ours
from crawlproj._scrapy.command import log_into_file, running_command
from crawlproj.check_settings import check_settings
from crawlproj.environment import STORE_PIPELINE, apply_environment
from crawlproj.errors import ConfigError
from crawlproj.runs import LOG_STATS, Runs
from crawlproj.switched_off import SwitchedOff

if TYPE_CHECKING:
    from scrapy.settings import Settings

__all__ = ["Addon"]

logger = logging.getLogger(__name__)

# These belong to crawlproj's own project, not to the one that uses the add-on.
_OWN = frozenset(
    {"ADDONS", "BOT_NAME", "SPIDER_MODULES", "NEWSPIDER_MODULE", "COMMANDS_MODULE", "USER_AGENT"}
)
# Sessions, log lines and the bytes of feeds may matter to the project, it decides what it stores,
# and it may keep Scrapy's own download handlers.
_LEFT_ALONE = frozenset(
    {"COOKIES_ENABLED", "LOG_LEVEL", "LOG_FORMATTER", "ITEM_PIPELINES", "RETRY_EXCEPTIONS"}
    | {"STORE_URL", "FEED_STORAGES", "FEED_EXPORTERS", "FEED_EXPORT_ENCODING"}
    | {"RETRY_GIVE_UP_LOG_LEVEL"}
)
# By the setting that switches them on; listed only then, because a project may read the list.
_PIPELINES = {
    "STORE_URL": {STORE_PIPELINE: 900},
    "PARQUET_URL": {"crawlproj.pipelines.parquet.ParquetPipeline": 950},
}
# These can only be set before there is a crawler; custom_settings come too late.
_PRE_CRAWLER = ("TWISTED_REACTOR", "ASYNCIO_EVENT_LOOP")
_REPLACED = {
    "crawlproj.downloadermiddlewares.cookies.CookiesMiddleware": (
        "scrapy.downloadermiddlewares.cookies.CookiesMiddleware"
    ),
    "crawlproj.downloadermiddlewares.decompression.DecompressionMiddleware": (
        "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware"
    ),
    "crawlproj.downloadermiddlewares.redirect.RedirectMiddleware": (
        "scrapy.downloadermiddlewares.redirect.RedirectMiddleware"
    ),
    "crawlproj.spidermiddlewares.cuts.CountingUrlLengthMiddleware": (
        "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware"
    ),
    "crawlproj.downloadermiddlewares.metarefresh.MetaRefreshMiddleware": (
        "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware"
    ),
    "crawlproj.downloadermiddlewares.robots.RobotsTxtMiddleware": (
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware"
    ),
    "crawlproj.spidermiddlewares.httperror.HttpErrorNotingMiddleware": (
        "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware"
    ),
    "crawlproj.extensions.final_rates.FinalRates": LOG_STATS,
}
"""Ours, and the component of Scrapy's in whose place it is, unless the project names that."""
# scrapy.utils.test.get_crawler names this in a process without a reactor, as if the project did.
_WITHOUT_REACTOR = "scrapy.core.downloader.handlers._aiohttp.AiohttpDownloadHandler"
# Dicts of components, to which ours are added.
_MERGED = ("DOWNLOADER_MIDDLEWARES", "SPIDER_MIDDLEWARES", "EXTENSIONS", "DOWNLOAD_HANDLERS")


class Addon:
    """Sets the scheduler, frontier, download handler, robots.txt, display and safe settings.

    Everything is set at the add-on priority, so the project's own settings win. The project keeps
    its name, User-Agent, cookies, log and pipelines. Its items are stored if it sets STORE_URL,
    and written to Parquet files if it sets PARQUET_URL.

    Raises ConfigError if a setting that these parts read is wrong.
    """

    def update_settings(self, settings: Settings) -> None:
        """Set everything that the project has not set itself."""
        chose_log_stats = LOG_STATS in settings.getdict("EXTENSIONS")
        for name, value in vars(ours).items():
            if not name.isupper() or name in (_OWN | _LEFT_ALONE | {*_PRE_CRAWLER}):
                continue
            if name in _MERGED:
                _merge(settings, name, value)
            else:
                settings.set(name, value, priority="addon")
        apply_environment(settings)
        for switch, pipeline in _PIPELINES.items():
            if settings.get(switch):
                _merge(settings, "ITEM_PIPELINES", pipeline)
        if not _has_our_scheduler(settings):
            _without_display(settings, chose_log_stats=chose_log_stats)
        Runs("addon").update_settings(settings)
        SwitchedOff().update_settings(settings)
        _check(settings)
        if settings.getbool("AUTOTHROTTLE_ENABLED"):
            logger.warning(
                "AUTOTHROTTLE_ENABLED: Scrapy's AutoThrottle delays requests beyond what limits of "
                "crawlproj ask for, at first by AUTOTHROTTLE_START_DELAY (%g s): switch it off",
                settings.getfloat("AUTOTHROTTLE_START_DELAY"),
            )

    @classmethod
    def update_pre_crawler_settings(cls, settings: BaseSettings) -> None:
        """Choose the asyncio reactor on uvloop, and let arguments name the job.

        Not called for ADDONS in a spider's custom_settings, which come too late for the event loop.
        """
        Runs.update_pre_crawler_settings(settings)
        for name in _PRE_CRAWLER:
            if not is_reactor_installed():  # else it is too late to choose
                settings.set(name, getattr(ours, name), priority="addon")


def _has_our_scheduler(settings: Settings) -> bool:
    scheduler = settings.get("SCHEDULER")
    return scheduler == ours.SCHEDULER or issubclass(
        load_object(scheduler), load_object(ours.SCHEDULER)
    )


def _without_display(settings: Settings, *, chose_log_stats: bool) -> None:
    """Say what the project's own scheduler leaves out, and let Scrapy's log lines be there."""
    if not chose_log_stats:  # else the crawl would show nothing until its end
        extensions = settings.getdict("EXTENSIONS")
        extensions.pop(LOG_STATS, None)
        settings.set("EXTENSIONS", extensions, priority=settings.getpriority("EXTENSIONS") or 0)
    if settings["SCHEDULER"] != DEFAULT_SCHEDULER:  # which only switches ours off
        logger.warning(
            "SCHEDULER: %s is in the place of crawlproj's, so this crawl has no frontier, no "
            "learned limits and no display: leave the setting out to have them",
            settings["SCHEDULER"],
        )


def _check(settings: Settings) -> None:
    """Raise ConfigError if a setting is wrong.

    Scrapy's commands log a traceback of whatever is raised, so they end with a message instead.
    """
    try:
        check_settings(settings)
    except ConfigError as exc:
        reactor = settings.getbool("TWISTED_REACTOR_ENABLED")  # asyncio logs SystemExit as well
        if not reactor or running_command() not in {"crawl", "runspider"}:
            raise
        print(f"scrapy: error: {exc}", file=sys.stderr)  # noqa: T201
        log_into_file(str(exc))
        raise SystemExit(2) from None


def _merge(settings: Settings, name: str, added: dict[str, Any] | str) -> None:
    """Add components to those of the project. added: JSON if they are from the environment."""
    theirs = settings.getdict(name)
    if not settings.getbool("TWISTED_REACTOR_ENABLED") and settings.getbool("GUARD_ENABLED", True):
        theirs = {part: value for part, value in theirs.items() if value != _WITHOUT_REACTOR}
    components = BaseSettings({name: added}).getdict(name)
    components = {
        part: order for part, order in components.items() if _REPLACED.get(part) not in theirs
    }
    # Without a reactor, Scrapy sets its own download handlers as if the project had.
    priority = max(settings.getpriority(name) or 0, SETTINGS_PRIORITIES["project"])
    settings.set(name, {**components, **theirs}, priority=priority)
