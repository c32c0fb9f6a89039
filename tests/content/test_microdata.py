"""Microdata as sites write it."""

from __future__ import annotations

import pytest

from crawlproj.content.microdata import microdata_in
from crawlproj.content.tree import tree_of


@pytest.mark.parametrize(
    ("html", "value"),
    [
        ('<span itemprop=p content="9.99">9,99</span>', "9.99"),
        ('<div itemprop=p content="4.5"><i>four</i></div>', "4.5"),
        ("<meta itemprop=p content=x>", "x"),
        ("<span itemprop=p>9,99</span>", "9,99"),
        ("<img itemprop=p content=no src=/i.png>", "http://a.test/i.png"),
        ("<time itemprop=p content=no datetime=2026>x</time>", "2026"),
    ],
)
def test_the_value_of_a_property_is_what_machines_shall_read(html: str, value: str) -> None:
    page = tree_of(f"<div itemscope itemtype=t>{html}</div>".encode())
    before = page.html
    assert microdata_in(page, "http://a.test/") == [
        {"type": "t", "id": None, "properties": {"p": [value]}}
    ]
    assert page.html == before


def test_an_item_in_an_item_stays_one() -> None:
    inner = "<div itemprop=offers content=x itemscope><b itemprop=p content=1>2</b></div>"
    page = tree_of(f"<div itemscope>{inner}</div>".encode())
    [item] = microdata_in(page, "http://a.test/")
    assert item["properties"]["offers"][0]["properties"] == {"p": ["1"]}
