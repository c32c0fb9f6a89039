"""The output of crawls of a project with the add-on, and when they are silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.processes import scrapy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLLOWING = """
import scrapy

class Following(scrapy.Spider):
    name = "following"

    async def start(self):
        cookies = {"session": "1"} if hasattr(self, "session") else {}
        yield scrapy.Request(self.url, cookies=cookies)

    def parse(self, response):
        yield from response.follow_all(css="a")
"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "following.py").write_text(FOLLOWING)
    with DemoWeb([SiteSpec("plain", "plain", pages=8)], tmp_path / "log") as web:
        yield f"{web.url('plain')}/section0/page1.html"


def crawl(page: str, folder: Path, *words: str) -> str:
    """Run the spider in ``folder`` with the add-on and return what it printed."""
    addon = ("-s", 'ADDONS={"crawlproj.addon.Addon": 300}', "-s", "GUARD_ALLOW=127.0.0.0/8")
    spider = ("runspider", "following.py", "-a", f"url={page}")
    status, shown = scrapy(*spider, *addon, *words, folder=folder)
    assert status == 0, shown
    return shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "warned"),
    [
        (("-a", "session=1"), True),
        (("-a", "session=1", "-s", "COOKIES_ENABLED=False"), False),
        ((), False),
    ],
    ids=["that it had sent", "that are off", "that no site was sent"],
)
def test_a_crawl_that_continues_warns_of_the_lost_cookies(
    words: tuple[str, ...], warned: bool, page: str, tmp_path: Path
) -> None:
    first = crawl(page, tmp_path, *words, "-s", "CLOSESPIDER_PAGECOUNT=4")
    assert ("Beginning job" in first, "continues without the cookies" in first) == (True, False)
    second = crawl(page, tmp_path, *words)
    assert ("Continuing job" in second, "had sent some to 127.0.0." in second) == (True, warned)
    assert not list(tmp_path.glob("*.cookies")), "the crawl is finished"


@pytest.mark.slow
def test_without_a_log_and_without_a_terminal_a_crawl_prints_nothing(
    page: str, tmp_path: Path
) -> None:
    assert "finished (generation 1)" in crawl(page, tmp_path)
    assert crawl(page, tmp_path, "--nolog") == ""
