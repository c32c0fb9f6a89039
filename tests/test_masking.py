from __future__ import annotations

import pytest

from crawlproj.masking import masked, without_credentials


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://user:pass@host:6379/0", "redis://***@host:6379/0"),
        ("redis://user:p@ss@host/0", "redis://***@host/0"),
        ("postgresql://host/db?user=me&password=pass", "postgresql://host/db?***"),
        ("redis://user:pa\nss@host/0?password=pa\nss", "redis://***@host/0?***"),
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


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:pass@a.example/x@y?q=1", "https://a.example/x@y?q=1"),
        ("http://a.example//x@y", "http://a.example//x@y"),
        ("//user@proxy.example:3128", "//proxy.example:3128"),
        ("user:pass@proxy.example:3128", "proxy.example:3128"),
        ("http://a.example/", "http://a.example/"),
    ],
)
def test_without_credentials_removes_user_and_password_only(url: str, expected: str) -> None:
    assert without_credentials(url) == expected
