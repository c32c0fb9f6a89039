"""Tells the runs of a project's spiders apart, and which of them are crawls at all."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy.settings import SETTINGS_PRIORITIES
from scrapy.settings.default_settings import DOWNLOAD_HANDLERS_BASE
from scrapy.utils.reactor import is_reactor_installed

from crawlproj._scrapy.arguments import remember_arguments, remember_arguments_of_this_crawl
from crawlproj._scrapy.command import running_command
from crawlproj.setting_names import misspelt

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings, Settings

logger = logging.getLogger(__name__)

_COMMANDS = frozenset({"bench", "check", "fetch", "parse", "shell", "view"})
# They follow no link. So a local file is one that somebody typed.
_TYPED = frozenset({"fetch", "shell", "view"})

__all__ = ["Runs", "is_one_off"]

# Above what the project and the spider say, below the command line.
_PRIORITY = SETTINGS_PRIORITIES["cmdline"] - 1
_SETTINGS: dict[str, Any] = {
    "SCHEDULER": "scrapy.core.scheduler.Scheduler",  # keeps its requests in memory
    "JOBDIR": None,
    "STORE_URL": "",
    "PARQUET_URL": "",
    "PROGRESS_ENABLED": False,
    "METRICS_PORT": 0,
    "REPORT": "",
}
_REPLAY: dict[str, Any] = {
    "FRONTIER_URL": "sqlite:///replay.db",
    "WARC_DIR": "",
    "PARQUET_URL": "",
    # The archive has the last response that each URL gave, and nobody waits for a site.
    "RETRY_ENABLED": False,
    "HTTPCACHE_ENABLED": False,
    "AUTOTHROTTLE_ENABLED": False,
    "CONCURRENCY_ENABLED": False,
    "CONCURRENCY_MAX_PER_SITE": 64,
    "CONCURRENCY_SITES": {},
    "DOWNLOAD_DELAY": 0,
    "DOWNLOAD_SLOTS": {},
    "DOWNLOAD_HANDLERS_BY_META": {},
}
LOG_STATS = "scrapy.extensions.logstats.LogStats"
_REPLAYING = "crawlproj.http.replay.ReplayHandler"


def is_one_off() -> bool:
    """Return whether this is called by a command that looks at one page.

    It does not know that in the thread that ``scrapy shell`` starts.
    """
    return running_command() in _COMMANDS


class Runs:
    """An add-on: the arguments of a spider name its job, and a one-off command has none.

    It also warns about misspelt names of settings.

    One-off are ``scrapy shell``, ``fetch``, ``view``, ``parse``, ``check`` and ``bench``. Each uses
    Scrapy's scheduler in memory, and no frontier, store, display, metrics or report. So it changes
    no job, and works while one runs. All other settings hold: the address guard, robots.txt and the
    limits. The first three also read local files.

    A replay (REPLAY_DIR) is a crawl of its own, in ``replay.db`` unless the command line says
    otherwise. It waits for no site, and retries nothing.

    priority: that of crawlproj's defaults.
    """

    def __init__(self, priority: str = "project") -> None:
        # Higher ones are not defaults of crawlproj, but chosen by somebody.
        self._of_defaults = SETTINGS_PRIORITIES[priority]

    @classmethod
    def update_pre_crawler_settings(cls, settings: BaseSettings) -> None:  # noqa: ARG003
        """Begin to remember arguments. Not called for ADDONS in a spider's custom_settings."""
        remember_arguments()

    def update_settings(self, settings: Settings) -> None:
        """Change the settings of a one-off command, of a replay, and in a running event loop."""
        remember_arguments_of_this_crawl()
        for warning in misspelt(settings):
            logger.warning("%s", warning)
        # It is too late to choose: Scrapy would only refuse any other loop.
        if is_reactor_installed() and settings["ASYNCIO_EVENT_LOOP"] == "uvloop.Loop":
            priority = settings.getpriority("ASYNCIO_EVENT_LOOP") or 0
            if priority <= self._of_defaults:
                settings.set("ASYNCIO_EVENT_LOOP", None, priority=priority)
        if settings.get("REPLAY_DIR"):
            _replay(settings)
        if not is_one_off():
            return
        settings.setdict(_SETTINGS, priority=_PRIORITY)
        extensions = settings.getdict("EXTENSIONS")
        if extensions.get(LOG_STATS, 0) is None:  # the display reports more, but is off
            del extensions[LOG_STATS]
            settings.set("EXTENSIONS", extensions, priority=_PRIORITY)
        command, handlers = running_command(), settings.getdict("DOWNLOAD_HANDLERS")
        if command in _TYPED and handlers.get("file", "") is None:
            handlers["file"] = DOWNLOAD_HANDLERS_BASE["file"]
            settings.set("DOWNLOAD_HANDLERS", handlers, priority=_PRIORITY)
        if command == "bench":  # crawls a server that it starts on this machine
            settings.set("GUARD_ALLOW", ["127.0.0.0/8", "::1"], priority=_PRIORITY)


def _replay(settings: Settings) -> None:
    """Let the crawl read REPLAY_DIR instead of the network, beside the crawl that wrote it."""
    settings.setdict(_REPLAY, priority=_PRIORITY)
    if settings.get("STORE_URL"):
        settings.set("STORE_URL", _REPLAY["FRONTIER_URL"], priority=_PRIORITY)
    handlers = settings.getdict("DOWNLOAD_HANDLERS") | {"http": _REPLAYING, "https": _REPLAYING}
    settings.set("DOWNLOAD_HANDLERS", handlers, priority=_PRIORITY)
