"""Signals about the use of pages are read as their standards say."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse, Response
from scrapy.settings import Settings

from crawlproj.content.page_signals import (
    ROBOTS_SIGNALS,
    TDM_SIGNALS,
    respected_signals,
    signals_of,
)
from crawlproj.content.usage import (
    RobotsUsage,
    TdmFile,
    forbidding,
    path_matches,
    read_content_signal,
    read_content_usage,
)
from crawlproj.errors import ConfigError

URL = "http://a.example/x"
NO, YES = {"ai-train": "no"}, {"ai-train": "yes"}


@pytest.mark.parametrize(
    ("value", "signals"),
    [
        ("search=yes, ai-train=no", {"search": "yes", "ai-train": "no"}),
        ("AI-Input = NO", {"ai-input": "no"}),
        ("ai-train=maybe, search, drm=no, =", {}),
        ("", {}),
    ],
)
def test_a_content_signal_says_yes_or_no(value: str, signals: dict[str, str]) -> None:
    assert read_content_signal(value) == signals


@pytest.mark.parametrize(
    ("value", "signals"),
    [
        ("train-ai=n", NO),
        ("train-ai=y, search=n", {"ai-train": "yes", "search": "no"}),
        ("train-ai=n, train-ai=y", YES),
        ("train-ai;allow=n, train-ai=y", YES),
        ('train-ai=n;a="x,y";b, search=y', {"ai-train": "no", "search": "yes"}),
        ('train-ai=y, train-ai, search=n, search="n"', {}),
        ("genai=n, train-ai=n", NO),
        ("Train-AI=n, search=n", {}),
        ("train-ai=n search=n", {}),
        ("train-ai=n," + " a," * 9_999, {}),
    ],
)
def test_a_content_usage_is_a_dictionary_of_tokens(value: str, signals: dict[str, str]) -> None:
    assert read_content_usage(value) == signals


DRAFT = """
User-Agent: *
Allow: /
Disallow: /never/
Content-Usage: train-ai=n  # the example of the draft
Content-Usage: /ai-ok/ train-ai=y

User-Agent: ExampleBot
Allow: /
Content-Usage: train-ai=y
"""


@pytest.mark.parametrize(
    ("text", "path", "signals"),
    [
        (DRAFT, "/test", NO),
        (DRAFT, "/ai-ok/test", YES),
        (DRAFT.replace("ExampleBot", "a\nUser-agent: Crawlproj"), "/test", YES),
        ("User-agent: *\nContent-signal: ai-train=no\nContent-usage: train-ai=y", "/", NO),
        ("User-agent: *\nContent-usage: /*.pdf$ train-ai=n", "/a/b.pdf", NO),
        ("User-agent: *\nContent-usage: /*.pdf$ train-ai=n", "/b.pdf?x", {}),
        ("User-agent: *\nContent-usage: /%7Ea\ttrain-ai=n", "/~a/", NO),
        ("User-agent: *\nContent-usage: train-ai=n\nContent-usage: train-ai=y", "/", NO),
        ("User-agent: crawlproj\nAllow: /\n\nUser-agent: *\nContent-signal: ai-train=no", "/", {}),
        ("Content-signal: ai-train=no", "/", {}),
        ("", "/", {}),
    ],
)
def test_rules_of_robots_txt_are_of_groups_and_paths(
    text: str, path: str, signals: dict[str, str]
) -> None:
    assert RobotsUsage(text, "crawlproj").of(f"http://a.example{path}") == signals


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/", "/x", True),
        ("/a*b", "/axxb/c", True),
        ("/a*b*c", "/acb", False),
        ("/a$", "/a", True),
        ("/a$", "/ab", False),
        ("/a*$", "/ab", True),
        ("/*a$", "/ba?a", True),
        ("/ab*b$", "/ab", False),
    ],
)
def test_patterns_have_asterisks_and_an_end(pattern: str, path: str, matches: bool) -> None:
    assert path_matches(pattern, path) is matches


def test_the_longest_pattern_of_a_tdm_file_counts() -> None:
    rules = b"""[{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://a.example/p"},
        {"location": "/free/*", "tdm-reservation": 0}, {"location": "/odd", "tdm-reservation": 7},
        {"location": 1, "tdm-reservation": 1}, "x"]"""
    file = TdmFile(rules)
    reserved = {"tdm-reservation": 1, "tdm-policy": "https://a.example/p"}
    assert file.of("http://a.example/odd") == reserved
    assert file.of("http://a.example/free/x") == {"tdm-reservation": 0}
    assert not TdmFile(b"[{")
    assert not TdmFile(b"{}")
    assert TdmFile(b"[" * 100_000).of("http://a.example/") == {}


def page(html: str = "<p>", meta: dict[str, Any] | None = None, **headers: Any) -> HtmlResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(URL, meta=meta or {}, headers={"User-Agent": "crawlproj/0.1"})
    return HtmlResponse(URL, body=html.encode(), headers=named, request=request)


def test_a_page_that_says_nothing_has_no_signals() -> None:
    assert signals_of(page()) == {}
    assert signals_of(Response(URL)) == {}


def test_headers_and_robots_txt_hold_together_and_no_counts() -> None:
    site = {ROBOTS_SIGNALS: {"ai-train": "no", "search": "yes"}}
    found = signals_of(
        page("<p>", site, Content_Usage="train-ai=y, search=n", Content_Signal="ai-input=yes")
    )
    assert found == {"ai-train": "no", "search": "no", "ai-input": "yes"}
    assert signals_of(page(Content_Usage=["search=y", "train-ai=n"])) == {"search": "yes"} | NO


def test_of_tdmrep_the_page_counts_more_than_headers_and_they_more_than_the_file() -> None:
    file = {TDM_SIGNALS: {"tdm-reservation": 1, "tdm-policy": "https://a.example/p"}}
    assert signals_of(page("<p>", file)) == file[TDM_SIGNALS]
    assert signals_of(page("<p>", file, TDM_Reservation="0")) == {"tdm-reservation": 0}
    html = (
        "<meta name=TDM-Reservation content=1><meta name=tdm-policy content='https://a.example/q'>"
    )
    assert signals_of(page(html, file, TDM_Reservation="0")) == {
        "tdm-reservation": 1,
        "tdm-policy": "https://a.example/q",
    }
    assert signals_of(page("<p>", file, TDM_Reservation="yes")) == file[TDM_SIGNALS]


def test_robots_directives_come_from_the_page_and_its_headers() -> None:
    html = '<meta name=robots content="noai, NOIMAGEAI"><meta name=crawlproj content=noarchive>'
    found = {"noai": True, "noimageai": True, "noarchive": True}
    assert signals_of(page(html)) == found
    assert signals_of(page(X_Robots_Tag="noarchive, otherbot: noai")) == {"noarchive": True}
    assert signals_of(page("<meta name=robots content=none>")) == {"noindex": True}


@pytest.mark.parametrize(
    ("signals", "respected", "why"),
    [
        (NO, ["search", "ai-train"], "ai-train=no"),
        (YES, ["ai-train"], ""),
        ({"tdm-reservation": 1}, ["tdm-reservation"], "tdm-reservation=1"),
        ({"tdm-reservation": 0}, ["tdm-reservation"], ""),
        ({"noai": True}, ["noai"], "noai"),
        ({"noai": True}, ["noindex"], ""),
    ],
)
def test_only_what_is_respected_forbids(
    signals: dict[str, Any], respected: list[str], why: str
) -> None:
    assert forbidding(signals, respected) == why


def test_a_signal_that_does_not_exist_is_an_error_with_the_nearest() -> None:
    assert respected_signals(Settings({"RESPECT_SIGNALS": "ai-train, noai"})) == (
        "ai-train",
        "noai",
    )
    assert respected_signals(Settings()) == ()
    with pytest.raises(ConfigError, match=r"RESPECT_SIGNALS .*did you mean ai-train\?"):
        respected_signals(Settings({"RESPECT_SIGNALS": ["train-ai"]}))
