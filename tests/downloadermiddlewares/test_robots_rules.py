"""What is read out of a robots.txt, and by which name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.downloadermiddlewares.robots_rules import MAX_BYTES, RobotsRules, product_token

URL = "https://a.test/robots.txt"


def rules(text: str | bytes) -> RobotsRules:
    return RobotsRules(text if isinstance(text, bytes) else text.encode(), URL)


def test_an_empty_file_allows_everything_and_asks_for_nothing() -> None:
    empty = rules("")
    assert empty.allows("https://a.test/x", "crawlproj")
    assert empty.crawl_delay_s("crawlproj") is None
    assert empty.sitemaps == []
    assert not empty.heavy


def test_path_and_query_are_matched_and_the_fragment_is_not() -> None:
    some = rules("User-agent: *\nDisallow: /search?q=\n")
    assert not some.allows("https://a.test/search?q=x", "crawlproj")
    assert some.allows("https://a.test/search?p=x", "crawlproj")
    assert some.allows("https://a.test/x#/search?q=x", "crawlproj")


def test_a_byte_order_mark_hides_no_rule() -> None:
    assert not rules(b"\xef\xbb\xbfUser-agent: *\nDisallow: /\n").allows(URL[:15] + "x", "bot")


def test_half_a_rule_at_the_end_of_a_cut_file_is_left_out() -> None:
    head = b"User-agent: *\nDisallow: /first\n"
    filler = b"#" * (MAX_BYTES - len(head) - len(b"\nDisallow: /")) + b"\n"
    cut = rules(head + filler + b"Disallow: /last\n")
    assert not cut.allows("https://a.test/first", "crawlproj")
    assert cut.allows("https://a.test/other", "crawlproj")
    assert cut.allows("https://a.test/last", "crawlproj")


@pytest.mark.parametrize(
    ("asked", "delay_s"),
    [("0.5", 0.5), ("3600", 3600.0), ("0", None), ("-1", None), ("nan", None), ("inf", None)],
)
def test_a_delay_is_a_time_or_nothing(asked: str, delay_s: float | None) -> None:
    assert rules(f"User-agent: *\nCrawl-delay: {asked}\n").crawl_delay_s("crawlproj") == delay_s


def test_a_malformed_sitemap_does_not_stop_the_others() -> None:
    some = rules("Sitemap: http://[bad/map.xml\nSitemap: map.xml\nSitemap: /map.xml\n")
    assert some.sitemaps == ["https://a.test/map.xml"]


def test_files_that_take_long_are_heavy() -> None:
    assert rules("User-agent: *\n" + "Disallow: /x\n" * 2000).heavy
    assert rules("User-agent: *\nDisallow: " + "*a" * 2000).heavy
    assert not rules("User-agent: *\n" + "Disallow: /x\n" * 1000).heavy


@pytest.mark.parametrize(
    ("agent", "token"),
    [
        ("crawlproj", "crawlproj"),
        ("crawlproj/0.1 (Scrapy; a polite crawler)", "crawlproj"),
        (" my-bot_2 (+https://a.test)", "my-bot_2"),
        ("Mozilla/5.0 (compatible; my-bot/1.0; +https://a.test)", "my-bot"),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/1", "Mozilla"),
        ("", ""),
    ],
)
def test_a_product_token_is_the_name_without_version_and_comment(agent: str, token: str) -> None:
    assert product_token(agent) == token


@given(st.binary(max_size=300), st.text(max_size=40))
def test_no_file_breaks_the_parser(body: bytes, path: str) -> None:
    some = rules(body)
    assert some.allows(f"https://a.test/{path}", "crawlproj") in {True, False}
    delay_s = some.crawl_delay_s("crawlproj")
    assert delay_s is None or delay_s > 0
    assert all(isinstance(url, str) for url in some.sitemaps)


LINE = st.tuples(
    st.sampled_from(["User-agent", "Disallow", "Allow", "Crawl-delay", "Sitemap"]),
    st.text(st.characters(codec="utf-8"), max_size=20),
).map(": ".join)


@given(st.lists(LINE, max_size=15), st.text(st.characters(codec="utf-8"), max_size=40))
def test_no_directive_breaks_the_parser(lines: list[str], path: str) -> None:
    some = rules("User-agent: *\n" + "\n".join(lines))
    assert some.allows(f"https://a.test/{path}", "crawlproj") in {True, False}
