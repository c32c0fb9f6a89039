from __future__ import annotations

from pathlib import Path

import pytest

from crawlproj.errors import ConfigError
from crawlproj.frontier.memory import MemoryFrontier
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.frontier.url import frontier_from_url, sqlite_path


def test_each_scheme_builds_its_frontier() -> None:
    assert isinstance(frontier_from_url("sqlite:///crawl.db"), SqliteFrontier)
    assert isinstance(frontier_from_url("SQLite:///crawl.db"), SqliteFrontier)
    assert isinstance(frontier_from_url("memory:"), MemoryFrontier)


def test_three_slashes_mean_a_relative_path_and_four_an_absolute_one() -> None:
    assert sqlite_path("sqlite:///crawl.db", "STORE_URL") == Path("crawl.db")
    assert sqlite_path("sqlite:///data/my crawl.db", "STORE_URL") == Path("data/my crawl.db")
    assert sqlite_path("sqlite:////var/lib/crawl.db", "STORE_URL") == Path("/var/lib/crawl.db")


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:",
        "sqlite:crawl.db",
        "sqlite://crawl.db",
        "sqlite:///",
        "sqlite:////folder/",
        "sqlite:///crawl.db?mode=ro",
    ],
)
def test_a_malformed_sqlite_url_is_refused_with_the_correct_form(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^FRONTIER_URL is 'sqlite:.*write sqlite:///crawl\.db"):
        frontier_from_url(url)


@pytest.mark.parametrize("url", ["", "crawl.db", "ftp://a.test/x", "memory:crawl"])
def test_an_unknown_scheme_is_refused_with_the_known_ones(url: str) -> None:
    with pytest.raises(ConfigError, match=f"^FRONTIER_URL is '{url}'.*memory:"):
        frontier_from_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "odd://me:s3cret@host/0",
        "odd://:s3c/re@t@host",
        "sqlite:///x?password=s3cret",
        "host=h password=s3cret",
        "host=h options=x://y password=s3cret",
        "me:s3cret@host",
        "host:5432:db:me:s3cret",
        "sqlite:me:s3cret@host",
        "memory:password=s3cret",
        "redis://me:s3c/ret@host/0",
        "redis://me:[s3c]ret@host/0",
        "redis://me:s3c\u2100ret@host/0",
    ],
)
def test_an_error_never_contains_a_secret(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        frontier_from_url(url)
    assert "s3c" not in str(raised.value)
    assert "\u2100" not in str(raised.value)
