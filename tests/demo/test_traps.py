"""A crawl of the demo site with twelve traps keeps every page and spends little on the traps."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.demo.traps import ENTRIES, TRAPS, trap_html
from tests.processes import scrapy

if TYPE_CHECKING:
    from pathlib import Path

IN_TRAPS = 500
"""Requests, however large the site is: less than 2 % of those of 25,000 pages."""


def test_each_entry_leads_into_another_trap_that_goes_on() -> None:
    assert len(ENTRIES) == len(TRAPS) == 11  # the twelfth is on the pages
    for entry, prefix in zip(ENTRIES, TRAPS, strict=True):
        assert entry.startswith(prefix)
        assert "<a href=" in trap_html(entry)
    assert trap_html("/section0/page1.html?replytocom=1") == ""


@pytest.mark.slow
@pytest.mark.parametrize("pages", [300, pytest.param(25_000, marks=pytest.mark.chaos)])
def test_every_page_of_the_demo_site_with_traps_is_stored(pages: int, tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/crawl.db"
    with DemoWeb([SiteSpec("site", "traps", pages=pages)], tmp_path / "log") as web:
        code, shown = scrapy(
            *("crawl", "site", "-a", f"url={web.url('site')}", "-s", f"FRONTIER_URL={place}"),
            *("-s", f"STORE_URL={place}", "-s", "GUARD_ALLOW=127.0.0.0/8", "-s", "LOG_LEVEL=ERROR"),
            timeout_s=3600,
        )
        wanted, paths = web.expected("site").pages, [line.path for line in web.log()]
    assert code == 0, shown
    with closing(sqlite3.connect(tmp_path / "crawl.db")) as db:
        stored = {url for (url,) in db.execute("SELECT url FROM pages WHERE status = 200")}
    assert wanted <= stored
    assert set(ENTRIES) <= set(paths), "each trap was entered"
    assert len([path for path in paths if trap_html(path) or "?" in path]) < IN_TRAPS
