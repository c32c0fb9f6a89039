"""Robots directives of pages."""

from __future__ import annotations

import pytest
from scrapy.http import HtmlResponse

from crawlproj.content.robots import robots_directives

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
    assert directives('<meta name="googlebot" content="noindex">') == (False, False)
    assert directives("<p>", "noindex, nofollow") == (True, True)
    assert directives("<p>", "otherbot: noindex", "crawlproj: nofollow") == (False, True)
