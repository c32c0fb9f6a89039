"""Imports what a crawl imports, for the server that the tests' processes are forked from."""

from __future__ import annotations

import sys
from importlib import import_module

from scrapy.settings import Settings
from scrapy.utils.misc import load_object, walk_modules_iter

settings = Settings()
settings.setmodule("crawlproj.settings")
for package in ("scrapy.commands", settings["COMMANDS_MODULE"], *settings["SPIDER_MODULES"]):
    list(walk_modules_iter(package))
load_object(settings["SCHEDULER"])
for name in ("DOWNLOADER_MIDDLEWARES", "SPIDER_MIDDLEWARES", "ITEM_PIPELINES", "EXTENSIONS"):
    for component in settings.getwithbase(name):
        load_object(component)
for handler in settings["DOWNLOAD_HANDLERS"].values():
    if handler is not None:
        load_object(handler)
for name in (  # what commands and components import when they are used
    *("check_settings", "demo", "fleet.config", "fleet.running", "fleet.screen", "report.jobs"),
    *("frontier.redis.frontier", "scrapy_redis.feeder", "scrapy_redis.migration"),
):
    import_module(f"crawlproj.{name}")
# It reads the environment, and each process has its own.
del sys.modules["crawlproj.settings"]
assert "twisted.internet.reactor" not in sys.modules, "a process installs the one that it needs"
