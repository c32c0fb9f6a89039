"""Feeds of a crawl that was interrupted and continues."""

from __future__ import annotations

import json
import re
import signal
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.processes import options, scrapy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow

SPIDER = """
import os

import scrapy

class Halting(scrapy.Spider):
    name = "halting"

    async def start(self):
        for page in range(1, 7):
            yield scrapy.Request(f"{self.base}/section0/page{page}.html", dont_filter=True)

    def parse(self, response):
        page = response.url[-6]
        yield {"page": page} if page == "1" else {"page": page, "more": 1}
        if self.settings["DELETE_AT"] == page:
            os.unlink(self.settings["FEED_FILE"])
        if self.settings["DIE_AT"] == page:
            os.kill(os.getpid(), 9)
        if int(self.settings["HALT"]):
            raise scrapy.exceptions.CloseSpider("halted")
"""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoWeb]:
    folder = tmp_path_factory.mktemp("web")
    with DemoWeb([SiteSpec("plain", "plain", pages=9)], folder / "log") as running:
        yield running


def crawl(
    web: DemoWeb,
    folder: Path,
    feed: str,
    *,
    halt: bool = False,
    option: str = "-O",
    more: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, str]:
    (folder / "halting.py").write_text(SPIDER)
    settings = {
        "FRONTIER_URL": f"sqlite:///{folder / 'crawl.db'}",
        "STORE_URL": "",
        "ITEM_PIPELINES": "{}",
        "GUARD_ALLOW": "127.0.0.0/8",
        "CONCURRENT_REQUESTS": 1,
        "HALT": int(halt),
        "LOG_LEVEL": "WARNING",
        "PROGRESS_ENABLED": 0,
        **more,
    }
    spider = (str(folder / "halting.py"), "-a", f"base={web.url('plain')}")
    to = (option, str(folder / feed)) if feed else ()
    return scrapy("runspider", *spider, *to, *options(settings))


def test_a_continued_crawl_appends_to_the_file_that_it_was_to_overwrite(
    web: DemoWeb, tmp_path: Path
) -> None:
    feed = tmp_path / "items.jsonl"
    feed.write_text("of another crawl\n")
    assert crawl(web, tmp_path, feed.name, halt=True)[0] == 0
    first = feed.read_text().splitlines()
    assert 0 < len(first) < 6
    code, shown = crawl(web, tmp_path, feed.name)
    assert (code, "is appended to instead of replaced" in shown) == (0, True), shown
    lines = feed.read_text().splitlines()
    assert lines[: len(first)] == first
    assert sorted(json.loads(line)["page"] for line in lines) == list("123456")
    assert crawl(web, tmp_path, feed.name)[0] == 0  # a new generation
    assert len(feed.read_text().splitlines()) == 6


@pytest.mark.parametrize("option", ["-O", "-o"])
def test_a_table_keeps_its_columns_and_its_one_heading(
    web: DemoWeb, tmp_path: Path, option: str
) -> None:
    crawl(web, tmp_path, "items.csv", halt=True, option=option)
    crawl(web, tmp_path, "items.csv", option=option)
    heading, *rows = (tmp_path / "items.csv").read_text().splitlines()
    assert sorted(row.partition(",")[0] for row in rows) == list("123456")
    assert {row.count(",") for row in rows} == {heading.count(",")}


@pytest.mark.parametrize("option", ["-O", "-o"])
def test_a_format_that_cannot_grow_is_refused_and_the_file_left_as_it_is(
    web: DemoWeb, tmp_path: Path, option: str
) -> None:
    crawl(web, tmp_path, "items.json", halt=True)
    first = (tmp_path / "items.json").read_bytes()
    code, shown = crawl(web, tmp_path, "items.json", option=option)
    assert (code, "json cannot be appended to" in shown) == (1, True), shown
    assert (tmp_path / "items.json").read_bytes() == first
    code, _ = crawl(web, tmp_path, "more.json")
    assert code == 0
    pages = [json.loads((tmp_path / name).read_text()) for name in ("items.json", "more.json")]
    assert sorted(item["page"] for part in pages for item in part) == list("123456")


@pytest.mark.parametrize("name", ["items.jsonl", "items.csv", "old setting"])
def test_a_killed_crawl_leaves_the_items_of_all_pages_that_are_done_in_its_file(
    web: DemoWeb, tmp_path: Path, name: str
) -> None:
    feed, more = name, {}
    if name == "old setting":
        feed, more = "", {"FEED_URI": str(tmp_path / name), "FEED_FORMAT": "jsonlines"}
    killed, _ = crawl(web, tmp_path, feed, more={**more, "DIE_AT": "4"})
    assert killed == -signal.SIGKILL
    assert crawl(web, tmp_path, feed, more=more)[0] == 0
    lines = (tmp_path / name).read_text().splitlines()
    assert set("123456") <= {found[0] for line in lines if (found := re.search(r"\d", line))}, lines


def test_a_feed_whose_folder_is_closed_ends_the_crawl_in_one_line_and_loses_no_page(
    web: DemoWeb, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()  # where the feed's folder would be; root may write anywhere
    code, shown = crawl(web, tmp_path, "file/items.jsonl")
    assert (code, shown.count("ERROR"), "Traceback" in shown) == (1, 1, False), shown
    assert "items.jsonl cannot be written" in shown
    (tmp_path / "file").unlink()
    assert crawl(web, tmp_path, "file/items.jsonl")[0] == 0
    lines = (tmp_path / "file/items.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["page"] for line in lines) == list("123456")


def test_a_feed_that_could_not_be_uploaded_gives_status_1(web: DemoWeb, tmp_path: Path) -> None:
    feeds = json.dumps({"ftp://127.0.0.1:1/items.jsonl": {"format": "jsonlines"}})
    code, shown = crawl(web, tmp_path, "", more={"FEEDS": feeds})
    assert (code, "Error storing" in shown) == (1, True), shown


def test_a_feed_that_is_deleted_ends_the_crawl_instead_of_taking_items_that_nobody_sees(
    web: DemoWeb, tmp_path: Path
) -> None:
    more = {"DELETE_AT": "3", "FEED_FILE": str(tmp_path / "items.jsonl")}
    code, shown = crawl(web, tmp_path, "items.jsonl", more=more)
    assert (code, "it was deleted" in shown) == (1, True), shown
    assert crawl(web, tmp_path, "items.jsonl")[0] == 0
    lines = (tmp_path / "items.jsonl").read_text().splitlines()
    assert set("456") <= {json.loads(line)["page"] for line in lines}
