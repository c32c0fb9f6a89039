"""Open Graph as sites write it."""

from __future__ import annotations

import pytest
from scrapy.http import HtmlResponse

from crawlproj.content.open_graph import open_graph_of
from crawlproj.content.page import content_of


def properties(html: str) -> dict[str, str | list[str]]:
    page = content_of(HtmlResponse("http://a.test/b/p", body=html.encode(), encoding="utf-8"))
    assert page is not None
    return open_graph_of(page.tree, page.link)


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<meta property=og:title content=' A b '>", {"og:title": "A b"}),
        ("<meta name=og:title content=A>", {"og:title": "A"}),
        ("<meta property=' OG:Title ' content=A>", {"og:title": "A"}),
        (
            "<meta property='og:title twitter:title' content=A>",
            {"og:title": "A", "twitter:title": "A"},
        ),
        (
            "<meta property=article:author content=A><meta property=fb:app_id content=1>",
            {"article:author": "A", "fb:app_id": "1"},
        ),
        ("<meta property=og:title content=''><meta property=og content=A>", {}),
        ("<meta property=dc:title content=A><meta name=title content=A>", {}),
    ],
)
def test_a_property_is_in_one_of_the_usual_kinds(
    html: str, found: dict[str, str | list[str]]
) -> None:
    assert properties(html) == found


def test_a_property_that_has_several_values_is_a_list_of_them() -> None:
    tags = "".join(f"<meta property=article:tag content={tag}>" for tag in ("a", "b", "a"))
    assert properties(tags) == {"article:tag": ["a", "b"]}


def test_addresses_are_absolute() -> None:
    html = "<meta property=og:image content=i.png><meta property=og:image:width content=5>"
    html += "<meta property=og:video:url content='/v'><meta property=og:url content='mailto:x'>"
    assert properties(html) == {
        "og:image": "http://a.test/b/i.png",
        "og:image:width": "5",
        "og:video:url": "http://a.test/v",
        "og:url": "mailto:x",
    }
