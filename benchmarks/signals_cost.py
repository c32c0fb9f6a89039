"""The cost of a page's signals, in CPU milliseconds: python -m benchmarks.signals_cost.

For a page that says nothing of its use, as nearly all do, and for one that says all there is to
say. The page is parsed before, because every page is.
"""

from __future__ import annotations

import time

from scrapy import Request
from scrapy.http import HtmlResponse

from crawlproj.content.page import content_of
from crawlproj.content.page_signals import ROBOTS_SIGNALS, signals_of
from crawlproj.downloadermiddlewares.robots_rules import RobotsRules

PAGES = 2_000
REPEATS = 5
BUDGET_MS = 0.03
_BODY = "<p>" + "word " * 2_600
_HEADERS = {"Content-Type": "text/html", "Server": "a", "Date": "Sat, 28 Nov 2026 10:00:00 GMT"}
_SAYING = {
    **_HEADERS,
    "Content-Signal": "search=yes, ai-train=no",
    "Content-Usage": "train-ai=n",
    "TDM-Reservation": "1",
    "X-Robots-Tag": "noai, noarchive",
}
_META = '<meta name=tdm-reservation content=1><meta name=robots content="noai, noimageai">'
_ROBOTS = b"User-agent: *\nContent-Signal: ai-train=no\nContent-Usage: /ok/ train-ai=y\n"


def cost_ms(head: str, headers: dict[str, str], robots: bytes) -> float:
    """Return the CPU milliseconds per page."""
    rules = RobotsRules(robots, "http://a.example/robots.txt", "crawlproj")
    pages = []
    for number in range(PAGES):
        url = f"http://a.example/{number}"
        body = f"<!doctype html><title>{number}</title>{head}{_BODY}".encode()
        page = HtmlResponse(url, headers=headers, body=body, request=Request(url))
        content = content_of(page)
        assert content is not None
        list(content.meta("description"))
        pages.append(page)
    began = time.process_time()
    for page in pages:
        assert page.request is not None
        if found := rules.signals(page.url, "crawlproj"):
            page.request.meta[ROBOTS_SIGNALS] = found
        signals_of(page)
    return (time.process_time() - began) / PAGES * 1000


def main() -> None:
    """Print the costs, and fail if one is over the budget."""
    silent = min(cost_ms("", _HEADERS, b"") for _ in range(REPEATS))
    saying = min(cost_ms(_META, _SAYING, _ROBOTS) for _ in range(REPEATS))
    print(f"signals: {silent:.4f} ms of CPU for a page without any, {saying:.4f} ms with all")
    if max(silent, saying) > BUDGET_MS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
