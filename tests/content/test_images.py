"""The address of an image is that of the picture which people see."""

from __future__ import annotations

import time
from urllib.parse import urljoin

import pytest

from crawlproj.content.images import shown_in
from crawlproj.content.text import markdown_of
from crawlproj.content.tree import tree_of

BYTES = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


def shown(html: str) -> list[str]:
    return [address for _, address in shown_in(tree_of(html.encode(), "utf-8"))]


@pytest.mark.parametrize(
    ("html", "addresses"),
    [
        ("<img src=' a.png '><img src=''><img>", ["a.png"]),
        ("<img srcset='a.png 1x, b.png 2x'>", ["b.png"]),
        ("<img src=a.png srcset='b.png 2x'>", ["a.png"]),
        (f"<img src='{BYTES}' srcset='b.png 2x'>", ["b.png"]),
        ("<picture><source srcset='c.webp 9w, d.webp 99w'><img src=a.png></picture>", ["a.png"]),
        ("<picture><source srcset='c.webp 9w, d.webp 99w'><img></picture>", ["d.webp"]),
        ("<picture><source data-srcset='c.webp'><img></picture>", ["c.webp"]),
        (f"<img src='{BYTES}' data-src=a.png>", ["a.png"]),
        ("<img src=blank.gif data-original='\n /a.png\n'>", ["/a.png"]),
        ("<img class=lazy data-srcset='a.png 1x, b.png 2x'>", ["b.png"]),
        ("<img data-lazy-src=a.png data-lazy-srcset='b.png 2x'>", ["a.png"]),
    ],
)
def test_the_picture_that_is_shown_in_the_end_counts(html: str, addresses: list[str]) -> None:
    assert shown(html) == addresses


@pytest.mark.parametrize("value", ["", "true", BYTES, '{"default": "//a.test/a.png"}', "12 34"])
def test_data_that_is_no_address_replaces_nothing(value: str) -> None:
    assert shown(f"<img src=b.png data-src='{value}'>") == ["b.png"]


def test_the_copy_for_browsers_without_scripts_is_no_second_image() -> None:
    late = "<img data-src=a.png>"
    assert shown(f"<p><noscript><img src=a.png></noscript>{late}") == ["a.png"]
    assert shown(f"{late}<noscript><img src=other.png></noscript>") == ["a.png", "other.png"]
    assert shown("<img src=a.png><noscript><img src=a.png></noscript>") == ["a.png", "a.png"]


def test_markdown_shows_each_image_with_an_address_and_leaves_the_page_as_it_was() -> None:
    page = tree_of(
        f"<a href='http://a.test/p'><img src='{BYTES}' data-src=a.png alt=A></a>"
        "<noscript><img src=a.png alt=A></noscript>"
        "<img srcset='b.png 2x' alt=B><img alt=C>".encode()
    )
    before = page.html
    markdown = markdown_of(page, lambda address: urljoin("http://a.test/", address))
    assert markdown == "[![A](http://a.test/a.png)](http://a.test/p)![B](http://a.test/b.png)"
    assert page.html == before


def test_many_images_in_one_picture_take_linear_time() -> None:
    images = "<source srcset='data:x 1x'>" * 5_000 + "<img>" * 5_000
    began = time.process_time()
    assert shown(f"<picture>{images}</picture>") == []
    assert time.process_time() - began < 1.0
