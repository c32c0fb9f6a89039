"""Items with impossible values are dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.exceptions import DropItem
from scrapy.utils.test import get_crawler

from crawlproj.errors import ConfigError
from crawlproj.items import FetchFailure, Page
from crawlproj.pipelines.validation import ValidationPipeline

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


@dataclass
class Offer:
    url: str
    price: int | None = 3


def crawler(**settings: Any) -> Crawler:
    return get_crawler(settings_dict=settings)


@pytest.mark.parametrize(
    ("item", "named"),
    [
        (
            FetchFailure("/relative", "dns"),
            "url must be an absolute http or https URL, not '/relative'",
        ),
        (
            Page("http://a/", "http://a/", 20),
            "Page http://a/: status must be an HTTP status, 100 to 999, not 20",
        ),
        (Page("http://a/", "http://a/", 200, depth=-1), "depth must be a whole number, 0 or more"),
        (
            Page("http://a/", "http://a/", 200, title=5),  # type: ignore[arg-type]
            "title must be text, not 5",
        ),
        (Page("http://a/", "http://a/", 200, fetched_at=-1), "fetched_at must be a number of sec"),
    ],
)
def test_an_item_with_an_impossible_value_is_dropped_and_the_reason_named(
    item: Any, named: str
) -> None:
    made = crawler()
    with pytest.raises(DropItem, match=named):
        ValidationPipeline(made).process_item(item)
    assert made.stats.get_value("validation/dropped") == 1


@pytest.mark.parametrize("status", [100, 200, 599, 600, 999])
def test_a_page_may_have_any_status_that_sites_send(status: int) -> None:
    page = Page("http://a/", "http://a/", status)
    assert ValidationPipeline(crawler()).process_item(page) is page


@pytest.mark.parametrize(
    "item", [{"url": "HTTP://A/3", "title": ["Foo"]}, {"url": "/b", "status": "in stock"}]
)
def test_the_fields_of_other_items_may_mean_anything(item: dict[str, Any]) -> None:
    assert ValidationPipeline(crawler()).process_item(item) is item


def test_required_fields_are_checked_on_any_item() -> None:
    pipeline = ValidationPipeline(crawler(ITEM_REQUIRED_FIELDS={"Offer": ["price"]}))
    assert pipeline.process_item({"anything": 1}) == {"anything": 1}
    with pytest.raises(DropItem, match="price is required but missing"):
        pipeline.process_item(Offer("http://a/", None))
    with pytest.raises(ConfigError, match="ITEM_REQUIRED_FIELDS"):
        ValidationPipeline(crawler(ITEM_REQUIRED_FIELDS={"Offer": 3}))
