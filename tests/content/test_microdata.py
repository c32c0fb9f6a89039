"""Microdata as sites write it."""

from __future__ import annotations

import time

import pytest

from crawlproj.content.microdata import microdata_in
from crawlproj.content.tree import tree_of

CIRCLE = "<p id=a itemprop=x itemscope itemref=b></p><p id=b itemprop=y itemscope itemref=a></p>"


@pytest.mark.parametrize(
    ("html", "value"),
    [
        ('<span itemprop=p content="9.99">9,99</span>', "9.99"),
        ('<div itemprop=p content="4.5"><i>four</i></div>', "4.5"),
        ("<meta itemprop=p content=x>", "x"),
        ("<span itemprop=p>9,99</span>", "9,99"),
        ("<img itemprop=p content=no src=/i.png>", "http://a.test/i.png"),
        ("<a itemprop=p href=''>x</a>", "http://a.test/"),
        ("<a itemprop=p>x</a>", ""),
        ("<time itemprop=p content=no datetime=2026>x</time>", "2026"),
        ("<div itemprop=p><p>one</p><p>two</p>three</div>", "one\ntwo\nthree"),
        ("<p itemprop=p>one<br>two <i>and</i> 3</p>", "one\ntwo and 3"),
        ("<div itemprop=p><p>one</p>\n<script>f()</script><style>a</style></div>", "one\n"),
    ],
)
def test_the_value_of_a_property_is_what_machines_shall_read(html: str, value: str) -> None:
    page = tree_of(f"<div itemscope itemtype=t>{html}</div>".encode())
    before = page.html
    assert microdata_in(page, "http://a.test/") == [
        {"type": "t", "id": None, "properties": {"p": [value]}}
    ]
    assert page.html == before


@pytest.mark.parametrize("base", ["b/", "/b/", "http://a.test/b/"])
def test_addresses_are_relative_to_the_base_of_the_page(base: str) -> None:
    page = tree_of(
        f"<base href={base}><p itemscope itemtype='s\n t'><a itemprop=p href=x>".encode()
    )
    before = page.html
    assert microdata_in(page, "http://a.test/b/") == [
        {"type": "s t", "id": None, "properties": {"p": ["http://a.test/b/x"]}}
    ]
    assert page.html == before


def test_an_item_in_an_item_stays_one() -> None:
    inner = "<div itemprop=offers content=x itemscope><b itemprop=p content=1>2</b></div>"
    page = tree_of(f"<div itemscope>{inner}</div>".encode())
    [item] = microdata_in(page, "http://a.test/")
    assert item["properties"]["offers"][0]["properties"] == {"p": ["1"]}


def test_items_that_name_two_others_each_take_no_time() -> None:
    items = "".join(
        f"<p id=r{i} itemprop=x itemscope itemref='r{i + 1} r{i + 2}'></p>" for i in range(60)
    )
    page = tree_of(f"<div itemscope itemref=r0><b itemprop=a>A</b></div>{items}".encode())
    began = time.process_time()
    assert [item["properties"] for item in microdata_in(page, "http://a.test/")] == [{"a": ["A"]}]
    assert time.process_time() - began < 1


def test_a_long_text_is_not_repeated_for_each_item_that_refers_to_it() -> None:
    text = f"<p id=r><b itemprop=a>{'a' * 1_000_000}</b></p>"
    page = tree_of((text + "<p itemscope itemref=r></p>" * 100).encode())
    assert all(not item["properties"] for item in microdata_in(page, "http://a.test/"))


def test_references_that_each_lead_to_the_next_are_followed() -> None:
    page = tree_of(
        b"<div itemscope itemref='a z'></div><p id=z itemprop=z>Z</p>"
        b"<p id=a itemprop=x itemscope itemref='a b'></p><b id=b itemprop=y>Y</b>"
    )
    (item,) = microdata_in(page, "http://a.test/")
    (inner,) = item["properties"]["x"]
    assert item["properties"]["z"] == ["Z"]
    assert inner["properties"] == {"y": ["Y"]}


@pytest.mark.parametrize(
    "html",
    [
        "<div itemscope>" + "<div itemscope itemprop=a>" * 500,
        "<div itemscope itemref=a>" + CIRCLE,
        "<div typeof=Thing property=part>" * 500,
    ],
)
def test_endless_or_deep_structures_do_not_cost_the_page(html: str) -> None:
    page = tree_of(f"{html}<p itemscope><b itemprop=a>A</b>".encode())
    microdata_in(page, "http://a.test/")


def test_texts_in_each_other_that_are_long_together_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crawlproj.content.microdata.MAX_CHARACTERS", 100)
    for depth, items in ((10, 1), (11, 0)):
        html = f"<div itemscope>{'<span itemprop=a>' * depth}0123456789"
        assert len(microdata_in(tree_of(html.encode()), "http://a/")) == items
