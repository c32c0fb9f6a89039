"""Scrapy settings of the project."""

import os

BOT_NAME = "bookshop"
SPIDER_MODULES = ["bookshop.spiders"]
NEWSPIDER_MODULE = "bookshop.spiders"
USER_AGENT = "bookshop (+https://example.org/bot)"
LOG_LEVEL = "INFO"

# crawlproj's scheduler, frontier, limits, download handler, robots.txt and display.
ADDONS = {"crawlproj.addon.Addon": 300}

# The add-on refuses addresses that are not public. The examples' shop is on this machine; remove
# this line to crawl the internet.
GUARD_ALLOW = ["127.0.0.0/8"]

ITEM_PIPELINES = {
    "bookshop.pipelines.RequirePricePipeline": 100,
    "bookshop.pipelines.EuroPipeline": 200,
}
# Items are stored, too: each class in a table of its own, one row for each key.
STORE_URL = "sqlite:///crawl.db"
STORE_KEY = {"Book": ["url"], "Order": ["number"], "Stock": ["slug"]}
EURO_PER_POUND = "1.20"

# From the environment, because everybody on the machine can read a command line.
SHOP_USER = os.environ.get("SHOP_USER", "")
SHOP_PASSWORD = os.environ.get("SHOP_PASSWORD", "")
