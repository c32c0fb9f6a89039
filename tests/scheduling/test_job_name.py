"""Which runs of a spider are the same crawl."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy import Spider
from scrapy.utils.test import get_crawler

from crawlproj._scrapy.arguments import arguments_of, create_spider, remember_arguments
from crawlproj.scheduling.crawl_config import CrawlConfig
from crawlproj.scheduling.job_name import job_name


class Shop(Spider):
    name = "shop"

    def __init__(self, category: str = "", *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.start_urls = [f"https://shop.test/{category}"]


def job_of(config: CrawlConfig | None = None, **arguments: Any) -> str:
    remember_arguments()
    remember_arguments()
    return (config or CrawlConfig()).job_of(create_spider(get_crawler(Shop), arguments))


def test_a_job_is_the_spider_and_its_arguments_even_if_the_spider_keeps_none() -> None:
    assert job_of() == "shop"
    assert job_of(limit="3", category="toys") == "shop category=toys limit=3"
    assert job_of(category="books") != job_of(category="toys")


def test_the_setting_and_the_spider_may_name_the_job() -> None:
    assert job_of(job="own", category="toys") == "own"
    assert job_of(CrawlConfig(job="set"), category="toys") == "set"


def test_what_a_server_adds_does_not_count() -> None:
    assert job_of(_job="7f3a", category="toys") == job_of(category="toys")


@pytest.mark.parametrize(
    "arguments",
    [{"password": "hunter2"}, {"api_key": "hunter2"}, {"url": "https://u:hunter2@a.test/"}],
)
def test_a_secret_is_not_in_the_name_but_counts(arguments: dict[str, str]) -> None:
    name = job_name("shop", arguments)
    assert "hunter2" not in name
    assert name == job_name("shop", arguments)
    assert name != job_name("shop", {key: f"{value}x" for key, value in arguments.items()})


def test_a_long_argument_is_shortened_but_counts() -> None:
    names = {job_name("shop", {"ids": ",".join(map(str, range(size)))}) for size in (500, 501)}
    assert len(names) == 2
    assert max(map(len, names)) < 40


def test_an_argument_of_a_script_may_be_any_object() -> None:
    assert job_name("shop", {"pages": [1, 2], "client": object()}) == (
        'shop client="object" pages=[1, 2]'
    )


def test_a_spider_without_a_crawler_has_no_known_arguments() -> None:
    assert arguments_of(Shop("toys")) == {}
