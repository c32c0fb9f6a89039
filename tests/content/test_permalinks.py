"""The sign beside a heading that links to it is not part of its text."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse

from crawlproj.pages import page_of


@pytest.mark.parametrize(
    "title",
    [
        '<h2 id="a">The title<a class="headerlink" href="#a">¶</a></h2>',  # Sphinx, MkDocs, Redmine
        '<h2 id="a">The title<a class="hash-link" href="#a">&#x200b;</a></h2>',  # Docusaurus
        '<h2 id="a"><a class="doc-anchor" href="#a">§</a>The title</h2>',  # rustdoc
        '<h2 id="a">The title <a href="#a">#</a></h2>',
        # Starlight
        '<div><h2 id="ä">The title</h2> <a href="#%C3%A4">Section titled "The title"</a></div>',
    ],
)
def test_signs_of_permalinks_are_in_no_field(title: str) -> None:
    page = fields_of(f"<main>{title}<p>{30 * 'Some words. '}</main>")
    assert page["headings"] == [{"level": 2, "text": "The title"}]
    for name in ("text", "main_text", "markdown", "main_markdown"):
        first = page[name].split("\n")[0]
        assert first.removeprefix("## ") == "The title", name


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<h2>C<a href="/c">#</a></h2>', "C#"),  # leads elsewhere
        ('<h2>See <a href="#a">part A</a></h2>', "See part A"),
        ('<h2><a href="#plus">+</a></h2>', "+"),  # all there is
        ('<h2>Rule <a href="#b">7</a></h2>', "Rule 7"),
    ],
)
def test_other_links_in_headings_stay(html: str, text: str) -> None:
    page = fields_of(html)
    assert page["headings"] == [{"level": 2, "text": text}]
    assert page["text"] == text


def test_a_link_after_a_heading_that_leads_elsewhere_stays() -> None:
    assert fields_of('<h2 id="a">The title</h2><a href="#b">Part B</a>')["text"].endswith("Part B")


def test_the_terms_of_a_reference_lose_their_signs_too() -> None:
    page = fields_of('<dl><dt id="f">f(x)<a href="#f">¶</a></dt><dd>A function.</dd></dl>')
    assert page["text"].split() == ["f(x)", "A", "function."]


def fields_of(html: str) -> dict[str, Any]:
    names = ("headings", "main_text", "markdown", "main_markdown")
    request = Request("http://a.example/")
    response = HtmlResponse(request.url, body=html.encode(), encoding="utf-8", request=request)
    page = page_of(response, names)
    fields = {name: getattr(page, name) for name in names}
    return fields | {"text": page.text, "headings": json.loads(page.headings or "")}


def test_many_permalinks_in_a_long_heading_take_linear_time() -> None:
    began = time.process_time()
    fields_of(f"<h2>{'x' * 200_000}{20_000 * '<a href=#a>#</a>'}</h2>")
    assert time.process_time() - began < 5
