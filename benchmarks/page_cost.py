"""Measures what reading a page costs: ``python -m benchmarks.page_cost``.

Runs all cases on each of 80 pages (85 KB, 235 links) in turn, so that a busy machine slows them all
alike. Each case parses the page again. Prints the median of each case in CPU milliseconds.
"""

from __future__ import annotations

import sys
import time
from statistics import median
from typing import TYPE_CHECKING

from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor as ScrapyLinkExtractor

from crawlproj.content.page import content_of
from crawlproj.links import LinkExtractor
from tests.links.pages import documentation_page

if TYPE_CHECKING:
    from collections.abc import Callable

PAGES = 80


def main() -> None:
    """Measure and print."""
    ours, cold, with_fields = LinkExtractor(), LinkExtractor(), LinkExtractor()
    links, scrapys = LinkExtractor(), ScrapyLinkExtractor()

    def fields(response: HtmlResponse) -> None:
        page = content_of(response)
        assert page is not None
        _ = page.title, page.description, page.canonical, page.language, page.text

    def both(response: HtmlResponse) -> None:
        fields(response)
        with_fields.extract_urls(response)

    cases: dict[str, tuple[bool, Callable[[HtmlResponse], object]]] = {
        "parsing alone": (False, content_of),
        "extract_urls, distinct links": (True, cold.extract_urls),
        "extract_urls, repeated navigation": (False, ours.extract_urls),
        "extract_links, repeated navigation": (False, links.extract_links),
        "fields": (False, fields),
        "fields and extract_urls": (False, both),
        "Scrapy's extract_links": (False, scrapys.extract_links),
    }
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(PAGES):
        bodies = {flag: documentation_page(number, distinct=flag) for flag in (False, True)}
        for name, (distinct, run) in cases.items():
            url = f"http://a.example/docs/section1/page{number}.html"
            response = HtmlResponse(url, body=bodies[distinct], encoding="utf-8")
            start = time.process_time()
            run(response)
            taken[name].append(time.process_time() - start)
    for name, seconds in taken.items():
        sys.stdout.write(f"{name:36} {median(seconds[5:]) * 1e3:7.2f}\n")


if __name__ == "__main__":
    main()
