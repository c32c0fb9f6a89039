"""Robots directives of pages."""

from __future__ import annotations

import pytest
from scrapy.http import HtmlResponse, Request

from crawlproj.content.robots import agent_of, robots_directives

URL = "http://a.example/x/y"


@pytest.mark.parametrize(
    ("header", "noindex", "nofollow"),
    [
        ("noindex, unavailable_after: Friday, 25-Jun-2027 15:00:00 PST", True, False),
        ("unavailable_after: 25 Jun 2027 15:00:00 PST, nofollow", False, True),
        ("max-snippet:-1, NOINDEX", True, False),
        ("otherbot: noindex, nofollow", False, False),
        ("otherbot: noindex, crawlproj: nofollow", False, True),
        ("CrawlProj : none", True, True),
        ("*: noindex", True, False),
        ("noindex; nofollow", True, True),
        ("crawlproj: noindex nofollow, max-image-preview: none", True, True),
        ("crawlproj: max-image-preview: none", False, False),
        ("", False, False),
        (":,:::, \xff", False, False),
    ],
)
def test_rules_of_a_robots_header_apply_to_the_crawler_it_names(
    header: str, noindex: bool, nofollow: bool
) -> None:
    response = HtmlResponse(URL, headers={"X-Robots-Tag": header.encode("latin-1")})
    found = robots_directives(response, "crawlproj")
    assert (found.noindex, found.nofollow) == (noindex, nofollow)


def test_robots_directives_come_from_the_page_and_the_header() -> None:
    def directives(html: str, *headers: str) -> tuple[bool, bool]:
        found = robots_directives(
            HtmlResponse(
                "http://a.example/", body=html.encode(), headers={"X-Robots-Tag": list(headers)}
            ),
            "crawlproj",
        )
        return found.noindex, found.nofollow

    assert directives("<p>") == (False, False)
    assert directives('<meta name="ROBOTS" content="none">') == (True, True)
    assert directives('<meta name="crawlproj" content="noindex">') == (True, False)
    assert directives('<meta name="robots" content="NoIndex , NOFOLLOW">') == (True, True)
    assert directives('<meta name="robots" content="noindex;nofollow">') == (True, True)
    assert directives('<meta name="robots" content="index nofollow ">') == (False, True)
    assert directives('<meta name="robots" content="max-image-preview : none">') == (False, False)
    assert directives('<meta name="googlebot" content="noindex">') == (False, False)
    assert directives("<p>", "noindex, nofollow") == (True, True)
    assert directives("<p>", "otherbot: noindex", "crawlproj: nofollow") == (False, True)


def test_the_name_of_the_crawler_may_be_in_any_case() -> None:
    html = b'<meta name="ourbot" content="nofollow">'
    response = HtmlResponse(URL, body=html, headers={"X-Robots-Tag": "ourbot: noindex"})
    found = robots_directives(response, "OurBot")
    assert (found.noindex, found.nofollow) == (True, True)


def test_directives_for_us_name_the_product_of_the_user_agent_that_was_sent() -> None:
    request = Request(URL, headers={"User-Agent": "OurBot/2.1 (+https://our.example)"})
    assert agent_of(HtmlResponse(URL, request=request)).lower() == "ourbot"
    assert agent_of(HtmlResponse(URL, request=Request(URL))) == "crawlproj"
    assert agent_of(HtmlResponse(URL)) == "crawlproj"
