"""The options of scrapy export, as users write them."""

from __future__ import annotations

import pytest

from crawlproj.errors import ConfigError
from crawlproj.export.words import moment, names, sites, statuses

NOON = 1_795_867_200.0  # 2026-11-28T12:00:00Z


def test_names_stand_between_commas() -> None:
    assert names(" url , title,,") == ("url", "title")
    assert names("") == ()


def test_a_status_is_a_number_a_class_or_a_range() -> None:
    assert statuses("404,5xx,300-399") == ((404, 404), (500, 599), (300, 399))


@pytest.mark.parametrize(
    "word", ["ok", "4x", "-1", "404-", "404-400", "99999", "²00", "2", "40-404"]
)
def test_any_other_status_is_an_error_that_names_it(word: str) -> None:
    with pytest.raises(ConfigError, match=f"--status.*{word}"):
        statuses(word)


def test_a_site_is_a_host_and_not_a_url() -> None:
    assert sites("a.example,b.example:8080") == ("a.example", "b.example:8080")
    with pytest.raises(ConfigError, match=r"--site.*'https://a\.example/'"):
        sites("https://a.example/")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("2026-11-28T12:00", NOON),
        ("2026-11-28T13:00+01:00", NOON),
        ("2026-11-28", NOON - 12 * 3600),
        ("90m", NOON - 90 * 60),
        ("12h", NOON - 12 * 3600),
        ("7d", NOON - 7 * 86_400),
        ("2w", NOON - 14 * 86_400),
    ],
)
def test_a_time_is_a_date_a_time_or_how_long_ago_it_was(word: str, expected: float) -> None:
    assert moment("--since", word, NOON) == expected


@pytest.mark.parametrize("word", ["yesterday", "7", "7 days", "2026-13-01", ""])
def test_any_other_time_is_an_error_that_names_the_option_and_the_word(word: str) -> None:
    with pytest.raises(ConfigError, match=f"--until.*{word}"):
        moment("--until", word, NOON)
