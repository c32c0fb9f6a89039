"""Parsing robots.txt."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.downloadermiddlewares.robots_rules import MAX_BYTES, RobotsRules

URL = "https://a.test/robots.txt"


def rules(text: str | bytes) -> RobotsRules:
    return RobotsRules(text if isinstance(text, bytes) else text.encode(), URL, "crawlproj")


def test_an_empty_file_allows_everything_and_sets_no_delay() -> None:
    empty = rules("")
    assert empty.allows("https://a.test/x", "crawlproj")
    assert empty.crawl_delay_s("crawlproj") is None
    assert empty.sitemaps == []
    assert not empty.heavy


def test_rules_match_path_and_query_but_not_the_fragment() -> None:
    some = rules("User-agent: *\nDisallow: /search?q=\n")
    assert not some.allows("https://a.test/search?q=x", "crawlproj")
    assert some.allows("https://a.test/search?p=x", "crawlproj")
    assert some.allows("https://a.test/x#/search?q=x", "crawlproj")


@pytest.mark.parametrize(
    "name",
    [
        *("crawlproj/1.0", "CrawlProj /2", "crawlproj (+https://a.test/bot)", "crawlproj; 1.0"),
        *(
            "crawlproj,",
            "crawlproj/1.0 # that one",
            "crawlproj/*",
            "crawlproj*",
            "CRAWLPROJ Images",
        ),
        *("One, crawlproj, Three", "one crawlproj", "One/2.0,crawlproj/1.0 (one, two)"),
    ],
)
def test_a_group_for_our_name_with_a_version_or_a_comment_is_ours(name: str) -> None:
    some = rules(f"User-agent: {name}\r\nDisallow: /\r\nUser-agent: *\r\nAllow: /\r\n")
    assert not some.allows("https://a.test/x", "crawlproj")
    assert some.allows("https://a.test/x", "another")


@pytest.mark.parametrize("name", ["crawl", "crawlproj-news", "proj", "c", "crawl*", "(crawlproj)"])
def test_a_group_for_another_name_that_looks_like_ours_is_not_ours(name: str) -> None:
    some = rules(f"User-agent: {name}\nDisallow: /\nCrawl-delay: 9\nContent-Usage: train-ai=n\n")
    assert some.allows("https://a.test/x", "crawlproj")
    assert some.crawl_delay_s("crawlproj") is None
    assert some.signals("https://a.test/x", "crawlproj") == {}


@pytest.mark.parametrize(
    "line", ["User-agent: * x", "User-agent *", "User-agents: *", "useragent: crawlproj, *"]
)
def test_a_star_beside_something_else_means_everybody(line: str) -> None:
    assert not rules(f"{line}\nDisallow: /\n").allows("https://a.test/x", "another")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\r"])
def test_lines_end_as_they_do_on_any_system(end: str) -> None:
    lines = ("User-agent: another", "X: y", "User-agent: crawlproj/1.0", "X: y", "Disallow: /x", "")
    for name in ("crawlproj", "another"):
        some = rules(end.join(lines))
        assert not some.allows("https://a.test/x", name)
        assert some.allows("https://a.test/", name)


def test_a_list_of_names_without_a_name_ends_the_group_before() -> None:
    some = rules("User-agent: crawlproj\nDisallow: /x\nUser-agent: (none)\nDisallow: /\n")
    assert some.allows("https://a.test/y", "crawlproj")


@pytest.mark.parametrize("line", ["Clean-param: s /", "noindex: /y", "X: y", "Host: a", "# x", ""])
def test_a_line_without_a_meaning_does_not_end_the_names_of_a_group(line: str) -> None:
    some = rules(f"User-agent: crawlproj\n{line}\nUser-agent: another\nDisallow: /x\n")
    assert not some.allows("https://a.test/x", "crawlproj")


@pytest.mark.parametrize(
    "line",
    [
        "Disallow /x:y",
        "Disallowed: /x",
        "disallow_all : /x",
        "Dissallow: /x",
        "Disallow:/x",
        "disallow : /x",
        "Disallow: /x:y/..",
    ],
)
def test_lines_of_rules_keep_their_meaning(line: str) -> None:
    some = rules(f"User-agent: crawlproj\n{line}\nUser-agent: another\nDisallow: /z\n")
    assert some.allows("https://a.test/z", "crawlproj")
    assert not some.allows("https://a.test/x:y/..", "crawlproj")


@pytest.mark.parametrize("between", ["\nUser-agent: ", ","])
def test_a_group_with_many_names_and_rules_keeps_no_copy_of_the_rules_for_each_name(
    between: str,
) -> None:
    names = between.join(f"{'x' * (n % 50)}-{n}" for n in range(300))
    group = "\n".join(f"Disallow: /{n}" for n in range(300))
    tracemalloc.start()
    try:
        some = rules(f"User-agent: {names}{between}Crawlproj/1.0\n{group}\n")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000, "90,000 rules"
    assert not some.allows("https://a.test/299", "crawlproj")
    assert some.allows("https://a.test/299", "another")


def test_each_of_many_crawlers_has_its_own_rules() -> None:
    some = rules("".join(f"User-agent: bot{n}\nDisallow: /{n}$\n" for n in range(20)))
    for n in [*range(20), *range(20)]:
        assert not some.allows(f"https://a.test/{n}", f"Bot{n}")
        assert some.allows(f"https://a.test/{n + 1}", f"Bot{n}")


@pytest.mark.parametrize("marks", [1, 2])
def test_a_byte_order_mark_does_not_hide_the_first_rule(marks: int) -> None:
    assert not rules(b"\xef\xbb\xbf" * marks + b"User-agent: *\nDisallow: /\n").allows(
        URL[:15] + "x", "bot"
    )


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_with_a_byte_order_mark_is_obeyed(encoding: str) -> None:
    some = rules("\ufeffUser-agent: *\r\nDisallow: /private\r\n".encode(encoding))
    assert not some.allows("https://a.test/private", "crawlproj")
    assert some.allows("https://a.test/x", "crawlproj")


@pytest.mark.parametrize("path", ["/caf%E9", "/caf%e9", "/caf\xe9", "/*%E9$", "/c*%e9", "/*f\xe9"])
def test_octets_that_are_not_utf_8_are_told_apart(path: str) -> None:
    some = rules(f"User-agent: *\nDisallow: {path}\nDisallow: /%C3%A9/%D1%83".encode("latin-1"))
    assert not some.allows("https://a.test/caf%E9", "crawlproj")
    assert some.allows("https://a.test/caf%E8", "crawlproj")
    assert some.allows("https://a.test/caf%C3%A9", "crawlproj")
    assert not some.allows("https://a.test/%C3%A9/%D1%83%E9", "crawlproj")


def test_an_incomplete_rule_at_the_end_of_a_truncated_file_is_dropped() -> None:
    head = b"User-agent: *\nDisallow: /first\n"
    filler = b"#" * (MAX_BYTES - len(head) - len(b"\nDisallow: /")) + b"\n"
    truncated = rules(head + filler + b"Disallow: /last\n")
    assert not truncated.allows("https://a.test/first", "crawlproj")
    assert truncated.allows("https://a.test/other", "crawlproj")
    assert truncated.allows("https://a.test/last", "crawlproj")


@pytest.mark.parametrize(
    ("asked", "delay_s"),
    [("0.5", 0.5), ("3600", 3600.0), ("0", None), ("-1", None), ("nan", None), ("inf", None)],
)
def test_a_crawl_delay_that_is_not_a_positive_number_is_ignored(
    asked: str, delay_s: float | None
) -> None:
    assert rules(f"User-agent: *\nCrawl-delay: {asked}\n").crawl_delay_s("crawlproj") == delay_s


def test_a_malformed_sitemap_url_is_skipped() -> None:
    some = rules(
        b"Sitemap: http://[bad/map.xml\nSitemap: map.xml\nSitemap: /map.xml\nsitemaps: %E9\xe8\n"
    )
    assert some.sitemaps == ["https://a.test/map.xml", "https://a.test/%E9%E8"]


def test_a_file_with_many_rules_or_wildcards_is_heavy() -> None:
    assert rules("User-agent: *\n" + "Disallow: /x\n" * 2000).heavy
    assert rules("User-agent: *\nDisallow: " + "*a" * 2000).heavy
    assert not rules("User-agent: *\n" + "Disallow: /x\n" * 1000).heavy


@given(st.binary(max_size=300), st.text(max_size=40))
def test_arbitrary_bytes_never_make_it_raise(body: bytes, path: str) -> None:
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
def test_arbitrary_directives_never_make_it_raise(lines: list[str], path: str) -> None:
    some = rules("User-agent: *\n" + "\n".join(lines))
    assert some.allows(f"https://a.test/{path}", "crawlproj") in {True, False}


def test_signals_are_of_the_groups_that_allow_and_disallow_have() -> None:
    text = (
        "User-agent: crawlproj/2.1 (x)\nNoindex: /\nUser-agent: other\nContent-Usage: train-ai=n\n"
    )
    some = rules(text)
    assert some.signals("http://a.test/x", "crawlproj") == {"ai-train": "no"}
    assert some.signals("http://a.test/x", "another") == {}
