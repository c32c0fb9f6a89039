"""Patterns choose URLs as they read, and no URL makes one slow."""

from __future__ import annotations

import time

import pytest

from crawlproj.url_patterns import UrlPatterns, separate

URL = "https://www.example.org/docs/Guide/a.html?page=2&q=x,y"


@pytest.mark.parametrize(
    "pattern",
    [
        "*",
        "*.example.org/*",
        "www.example.org/docs/*",
        "WWW.Example.ORG/docs/*",
        "https://www.example.org/docs/*",
        "HTTPS://WWW.example.org/*",
        "*://www.example.org/*",
        "/docs/*",
        "/docs/*/a.html?*",
        "/*?page=2*",
        "*/Guide/*",
        "*page=*",
        "*x,y",
        "*/docs/*a*page=2*y",
        r"re:/docs/[A-Z]\w+/",
        "re:^https://",
        "re:(?i)guide",
        r"re:q=x,y$",
    ],
)
def test_a_pattern_matches(pattern: str) -> None:
    assert UrlPatterns([pattern]).match(URL)


@pytest.mark.parametrize(
    "pattern",
    [
        "/docs/",  # a glob matches the whole
        "docs/*",
        "example.org/*",
        "http://www.example.org/*",
        "*/guide/*",
        "/Guide/*",
        "/doc?/*",  # no wildcard
        "/docs/[A-Z]*",
        "*.htm",
        "*y*y",
        "re:^/docs/",
        "re:guide",
    ],
)
def test_a_pattern_does_not_match(pattern: str) -> None:
    assert not UrlPatterns([pattern]).match(URL)


def test_any_of_several_patterns_is_enough() -> None:
    patterns = UrlPatterns(["/a/*", "/b/*", "re:c$"])
    urls = [f"http://a.org/{path}" for path in ("a/1", "b/1", "abc", "d")]
    assert [patterns.match(url) for url in urls] == [True, True, True, False]


def test_a_glob_may_be_written_in_any_alphabet() -> None:
    assert UrlPatterns(["*/straße/a b/*"]).match("http://a.org/stra%C3%9Fe/a%20b/c")


def test_a_comma_separates_patterns_unless_it_is_escaped() -> None:
    assert separate(r"/a/*, /b\,c/*,,re:x{1\,3} ") == ["/a/*", "/b,c/*", "re:x{1,3}"]


def test_a_glob_that_no_url_can_match_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'blog' matches no URL: write \*blog\*"):
        UrlPatterns(["blog"])


@pytest.mark.parametrize("pattern", ["re:(", "re:(?!x)", r"re:(a)\1", "re:a{9999}"])
def test_an_expression_that_cannot_be_read_is_refused(
    pattern: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match="is not an expression that RE2 reads: ") as caught:
        UrlPatterns([pattern])
    assert pattern in str(caught.value).replace("\\\\", "\\")
    assert capfd.readouterr().err == "", "RE2 writes to stderr by itself"


@pytest.mark.parametrize("pattern", ["re:(a+)+$", "re:(a|aa)*b", "*a*a*a*a*a*a*a*a*a*b"])
def test_no_pattern_takes_long_however_it_is_written(pattern: str) -> None:
    patterns = UrlPatterns([pattern])
    url = f"http://x.org/{'a' * 8000}!"
    started = time.process_time()
    for _ in range(20):
        assert not patterns.match(url)
    # A pattern that backtracks takes hours.
    assert time.process_time() - started < 1
