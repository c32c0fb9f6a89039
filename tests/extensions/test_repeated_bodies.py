"""Pages that are all the same are not stored without a word."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.utils.test import get_crawler

from crawlproj.extensions.repeated_bodies import RepeatedBodies
from crawlproj.items import Page

if TYPE_CHECKING:
    import pytest

FIRST = "http://a.example/1"


def page(number: int, *, same: bool) -> Page:
    url = f"http://a.example/{number}"
    return Page(url, url, 200, "text/html", duplicate_of=FIRST if same and number > 1 else None)


def warnings(caplog: pytest.LogCaptureFixture, pages: int, same_every: int) -> list[str]:
    extension = RepeatedBodies(get_crawler())
    with caplog.at_level(logging.WARNING):
        for number in range(1, pages + 1):
            extension.count(page(number, same=number % same_every == 0 or number == 1))
    return [record.getMessage() for record in caplog.records]


def test_the_twenty_fifth_page_with_one_body_is_warned_of_and_then_ten_times_as_many(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert warnings(caplog, 24, 1) == []
    caplog.clear()
    shown = warnings(caplog, 2_000, 1)
    assert [line.split(" pages")[0] for line in shown] == ["25 of 25", "250 of 250"]
    assert all(FIRST in line for line in shown)


def test_one_page_in_ten_must_have_it(caplog: pytest.LogCaptureFixture) -> None:
    assert len(warnings(caplog, 300, 9)) == 1
    caplog.clear()
    assert warnings(caplog, 3_000, 15) == []


def test_items_that_are_no_pages_do_not_count(caplog: pytest.LogCaptureFixture) -> None:
    crawler = get_crawler()
    _kept = RepeatedBodies.from_crawler(crawler)  # signals keep no receiver alive
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            crawler.signals.send_catch_log(signals.item_scraped, item={"duplicate_of": FIRST})
        for number in range(1, 26):
            crawler.signals.send_catch_log(signals.item_scraped, item=page(number, same=True))
    assert "25 of 25 pages" in caplog.text
