"""Run a spider from a script and use its items: ``python run_from_script.py URL``."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from scrapy import Request, Spider, signals
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import TextResponse

SETTINGS = {
    "ADDONS": {"crawlproj.addon.Addon": 300},
    # The add-on refuses addresses that are not public; the examples' shop is on this machine.
    "GUARD_ALLOW": ["127.0.0.0/8"],
    # Nothing is kept on disk; leave this out for a crawl that continues after an interruption.
    "FRONTIER_URL": "memory:",
    "LOG_LEVEL": "WARNING",
}


class TitlesSpider(Spider):
    """Yields the title of each book of the catalogue at the start URLs."""

    name = "titles"

    def parse(self, response: TextResponse) -> Iterator[dict[str, Any] | Request]:
        """Yield the book of this page, if it shows one, and follow the catalogue's links."""
        for title in response.css(".book h1::text").getall():
            yield {"url": response.url, "title": title.strip()}
        yield from response.follow_all(css="ol a, a[rel=next]")


def crawl(url: str) -> tuple[list[dict[str, Any]], str]:
    """Crawl the shop at ``url``; return its books and the reason the crawl ended."""
    books: list[dict[str, Any]] = []

    def collect(item: dict[str, Any]) -> None:
        books.append(item)

    process = AsyncCrawlerProcess(SETTINGS)
    crawler = process.create_crawler(TitlesSpider)
    crawler.signals.connect(collect, signals.item_scraped)
    process.crawl(crawler, start_urls=[f"{url}/catalogue"])
    process.start()  # returns when the crawl has ended
    return books, crawler.stats.get_value("finish_reason")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print the titles of a shop's books, sorted.")
    parser.add_argument("url", help="the shop's home page")
    found, reason = crawl(parser.parse_args().url.rstrip("/"))
    for title in sorted(book["title"] for book in found):
        print(title)
    sys.exit(reason != "finished")
