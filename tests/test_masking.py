from __future__ import annotations

import pytest

from crawlproj.masking import masked


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://user:pass@host:6379/0", "redis://***@host:6379/0"),
        ("redis://user:p@ss@host/0", "redis://***@host/0"),
        ("postgresql://host/db?user=me&password=pass", "postgresql://host/db?***"),
        ("sqlite:///crawl.db", "sqlite:///crawl.db"),
    ],
)
def test_user_password_and_query_of_a_url_are_masked(url: str, expected: str) -> None:
    assert masked(url) == expected


@pytest.mark.parametrize("text", ["memory:", "crawl.db", "/var/lib/crawl.db"])
def test_a_file_name_stays_readable(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("text", ["host=db password=pass", "user:pass@host", "pass word"])
def test_text_that_may_hold_a_secret_is_masked_whole(text: str) -> None:
    assert masked(text) == "***"
