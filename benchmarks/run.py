"""One crawl in a process of its own: ``python -m benchmarks.run SIDE SPIDER ARGUMENTS SETTINGS``.

ARGUMENTS (the spider's) and SETTINGS are JSON objects.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings

import crawlproj.settings
from benchmarks.stock import FetchSpider, SqlitePipeline, StockSiteSpider

if TYPE_CHECKING:
    from scrapy import Spider

SPIDERS: dict[str, type[Spider] | str] = {
    "stock-site": StockSiteSpider,
    "fetch": FetchSpider,
    "site": "site",
}


def main() -> None:
    """Run the crawl the arguments describe."""
    side, spider, arguments, overrides = sys.argv[1:5]
    settings = Settings()
    if side == "ours":
        settings.setmodule(crawlproj.settings, priority="project")
    else:
        pipeline = {SqlitePipeline: 100} if spider == "stock-site" else {}
        settings.setdict({"ROBOTSTXT_OBEY": True, "ITEM_PIPELINES": pipeline}, priority="project")
    settings.setdict(json.loads(overrides), priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    process.crawl(SPIDERS[spider], **json.loads(arguments))
    process.start()


if __name__ == "__main__":
    main()
