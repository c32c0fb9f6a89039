"""The fields that PAGE_FIELDS chooses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.http import HtmlResponse, Response
from scrapy.settings import Settings

from crawlproj.content.fields import FIELDS, chosen_fields
from crawlproj.errors import ConfigError
from crawlproj.pages import fingerprint_of, page_of

if TYPE_CHECKING:
    from crawlproj.items import Page

HTML = """<html><head><base href="/b/"><title>T</title>
<meta property="og:title" content="OG"><meta property="og:image" content="i.png">
<script type="application/ld+json">{"@type": "Article", "name": "x"}</script>
<script type="application/ld+json">{broken</script></head><body>
<nav><a href="/n">Menu</a></nav>
<main><h1>The  <i>head</i></h1>
<p>A long paragraph with many words that matter to the people who read it, again and again, and
a <a href="../up" rel="nofollow">link up</a>, and another sentence that makes it longer still.</p>
<p itemscope itemtype="http://schema.org/Person"><span itemprop="name">Ann</span></p>
<img src="x.png" alt="A picture"><img src="data:image/png;base64,AA"><h3>Code</h3>
<pre><code class="language-python">a = 1</code></pre></main>
<footer>Imprint</footer></body></html>"""


NOTE = """<body><div><div id=content><h1>Note</h1><p>{}</p></div></div>
<div id=sidebar><fieldset><legend>Site</legend><ul><li><a href=/>Front page</a><li><a href=/all>All
pages</a><li><a href=/kinds>Categories</a><li><a href=/random>Random page</a><li><a href=/new>Recent
activity</a><li><a href=/upload>Upload a file</a></ul></fieldset></div>"""


def fields(*names: str, html: str = HTML) -> Page:
    response = HtmlResponse("http://a.test/p", body=html.encode(), encoding="utf-8")
    response.request = Request(response.url)
    return page_of(response, names)


def read(text: str | None) -> Any:
    assert text is not None
    return json.loads(text)


def test_nothing_else_is_computed_unless_it_is_chosen() -> None:
    page = fields()
    assert all(getattr(page, name) is None for name in FIELDS)


def test_every_field_has_an_attribute_of_the_item() -> None:
    page = fields(*FIELDS)
    assert all(getattr(page, name) for name in FIELDS)


def test_markdown_has_headings_absolute_links_and_code() -> None:
    markdown = fields("markdown").markdown
    assert markdown is not None
    assert "# The *head*" in markdown
    assert "[link up](http://a.test/up)" in markdown
    assert "[Menu](http://a.test/n)" in markdown
    assert "```python\na = 1\n```" in markdown


def test_fields_show_the_first_part_of_a_page_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for module in ("parts", "fields"):
        monkeypatch.setattr(f"crawlproj.content.{module}.FIRST_TAGS", 250)
    page = fields("links", "markdown", html="<h2><a href=x>x</a></h2>\n" * 100)
    assert page.markdown is not None
    assert page.markdown.count("## [x](http://a.test/x)") == 62
    assert len(page.links or ()) == 62
    assert page.text.count("x") == 100
    expected = (
        "Only the first 250 tags, or 6,291,456 bytes, of http://a.test/p are read for its links"
    )
    assert expected in caplog.text
    caplog.clear()
    fields("links", html="<h2><a href=x>x</a></h2>\n" * 62)
    assert "Only" not in caplog.text


def test_a_long_base_makes_no_more_of_short_links_than_a_field_may_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crawlproj.content.addresses.MAX_CHARACTERS", 3_000)
    html = f"<base href='/{1000 * 'a'}/'>" + 9 * "<a href=x#y>x</a><a href=http://a:b>z</a>"
    page = fields("links", "markdown", html=html)
    assert len(page.links or ()) == 2
    assert page.markdown is not None
    assert page.markdown.count("[x](http://a.test/aaa") == 2
    assert page.markdown.count("[x](x#y)") == 7


def test_a_link_that_is_not_a_url_stays_as_it_is() -> None:
    html = '<a href="//[">bad</a> <a href="b">good</a> <img srcset="//[ 1x" src="//[">'
    markdown = fields("markdown", html=html).markdown
    assert markdown is not None
    assert "[bad](//[)" in markdown
    assert "[good](http://a.test/b)" in markdown


@pytest.mark.parametrize(
    "html",
    [
        '<base href="//[">',
        '<meta http-equiv="refresh" content="0; url=//[">',
        '<link rel="canonical" href="//[">',
        '<meta property="og:url" content="//[">',
        '<div itemscope itemtype="//["><a itemprop="url" href="//[">x</a></div>',
        '<img src="//[" srcset="//[ 2x"><iframe src="//["></iframe><form action="//["></form>',
    ],
)
def test_what_is_not_a_url_does_not_cost_the_page(html: str) -> None:
    page = fields(*FIELDS, html=f'{html}<a href="/x">text</a>')
    assert "text" in page.text
    assert page.links is not None
    assert "http://a.test/x" in [link["url"] for link in page.links]


def test_the_main_text_is_without_navigation_and_footer() -> None:
    page = fields("main_text", "main_markdown")
    assert page.main_text is not None
    assert page.main_text.startswith("The head\n\nA long paragraph")
    assert page.main_markdown is not None
    assert "[link up](http://a.test/up)" in page.main_markdown
    for text in (page.main_text, page.main_markdown):
        assert "Menu" not in text
        assert "Imprint" not in text


def test_structured_data_is_what_can_be_read_of_it() -> None:
    assert read(fields("structured_data").structured_data) == {
        "json_ld": [{"@type": "Article", "name": "x"}],
        "microdata": [
            {"type": "http://schema.org/Person", "id": None, "properties": {"name": ["Ann"]}}
        ],
        "opengraph": {"og:title": "OG", "og:image": "http://a.test/b/i.png"},
    }
    assert read(fields("structured_data", html="<p>none").structured_data) == {}


def test_half_a_character_in_structured_data_is_a_replacement_character() -> None:
    html = '<script type="application/ld+json">{"a": "cut \\ud83d", "b": "\\ud83d\\ude00"}</script>'
    found = fields("structured_data", html=html).structured_data
    assert read(found) == {"json_ld": [{"a": "cut \ufffd", "b": "\U0001f600"}]}


def test_headings_images_and_links_are_in_the_order_of_the_page() -> None:
    page = fields("headings", "images", "links")
    assert read(page.headings) == [
        {"level": 1, "text": "The head"},
        {"level": 3, "text": "Code"},
    ]
    assert read(page.images) == [{"url": "http://a.test/b/x.png", "alt": "A picture"}]
    assert page.links == [
        {"url": "http://a.test/n", "text": "Menu", "rel": ""},
        {"url": "http://a.test/up", "text": "link up", "rel": "nofollow"},
    ]


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("Uses of Class<br>java.util.List", "Uses of Class java.util.List"),  # Javadoc
        ("<div>A card</div><div>and its text</div>", "A card and its text"),
        ("One<style data-emotion>.a{color:red}</style><script>x()</script> word", "One word"),
        ("H<sub>2</sub>O <b>is</b>&nbsp; wet", "H2O is wet"),
        ("<span>A</span><span>B</span>", "AB"),
        # WordPress
        ("Leave a Reply <small><i style='display:none'>Cancel</i></small>", "Leave a Reply"),
        ("Comments <b hidden>none yet</b>", "Comments"),
        ("<b hidden>a script shows it</b>", "a script shows it"),
    ],
)
def test_headings_and_links_have_their_text_as_a_browser_shows_it(inside: str, text: str) -> None:
    page = fields("headings", "links", html=f'<h2>{inside}</h2><a href="/x">{inside}</a>')
    assert read(page.headings) == [{"level": 2, "text": text}]
    assert page.links == [{"url": "http://a.test/x", "text": text, "rel": ""}]


def test_headings_and_links_that_are_hidden_themselves_have_their_text() -> None:
    hidden = (
        "<h2 hidden>Part <i hidden>x</i></h2><p hidden><a href='/x' style='display:none'>Go</a>"
    )
    page = fields("headings", "links", html=f"<p>Text{hidden}")
    assert read(page.headings) == [{"level": 2, "text": "Part"}]
    assert page.links == [{"url": "http://a.test/x", "text": "Go", "rel": ""}]


def test_an_empty_address_is_no_image() -> None:
    html = "<base href='/b/'><img src=''><img src=' '><img><img src='x.png'>"
    assert [image["url"] for image in read(fields("images", html=html).images)] == [
        "http://a.test/b/x.png"
    ]


def test_links_and_images_escape_queries_in_the_encoding_of_the_page() -> None:
    html = '<meta charset=windows-1251><a href="?q=\u0436">1</a><img src="i?q=\u0436" alt=2>'
    response = HtmlResponse("http://a.test/p", body=html.encode("windows-1251"))
    response.request = Request(response.url)
    page = page_of(response, ("links", "images", "markdown"))
    assert page.links is not None
    assert [link["url"] for link in page.links] == ["http://a.test/p?q=%E6"]
    assert [image["url"] for image in read(page.images)] == ["http://a.test/i?q=%E6"]
    assert page.markdown == "[1](http://a.test/p?q=%E6)![2](http://a.test/i?q=%E6)"


def test_the_addresses_of_markdown_are_those_of_the_table() -> None:
    html = "<a href=' a b.html\n#c'>1</a> <a href='mailto:x@a.test'>2</a> <a href='//['>3</a>"
    assert fields("markdown", html=html).markdown == (
        "[1](http://a.test/a%20b.html#c) [2](mailto:x@a.test) [3](//[)"
    )


def test_links_and_images_are_the_same_after_the_markdown_made_them_absolute() -> None:
    page, alone = fields("markdown", "links", "images"), fields("links", "images")
    assert (page.links, page.images) == (alone.links, alone.images)


def test_the_body_is_kept_as_it_was() -> None:
    html = fields("html").html
    assert html is not None
    assert zstd.decompress(html) == HTML.encode()


def test_what_is_not_a_page_has_no_fields() -> None:
    response = Response("http://a.test/p", body=b"\0")
    response.request = Request(response.url)
    assert page_of(response, list(FIELDS)).markdown is None


def test_an_unknown_field_is_named() -> None:
    assert chosen_fields(Settings({"PAGE_FIELDS": "markdown,html"})) == ("markdown", "html")
    with pytest.raises(ConfigError, match=r"PAGE_FIELDS: 'mark' is not one of .*markdown"):
        chosen_fields(Settings({"PAGE_FIELDS": ["mark"]}))


@given(st.text(max_size=300))
def test_any_markup_has_fields(html: str) -> None:
    fields(*FIELDS, html=html.encode("utf-8", "replace").decode())


@pytest.mark.parametrize("latest", ["", "<p>Post <a href=/p>one</a><br>by Ann" * 30])
def test_all_text_tells_whether_a_short_page_changed_that_marks_no_main_part(latest: str) -> None:
    note = NOTE.replace("<fieldset>", f"{latest}<fieldset>")
    hashes = {fields("main_text", html=note.format(words)).text_hash for words in ("one", "two")}
    assert len(hashes) == 2


@pytest.mark.parametrize(
    "words", ["Some words, and more of them. " * 9, "天气很好，我们去公园散步，看见很多花。" * 2]
)
def test_the_main_part_tells_whether_a_page_of_paragraphs_changed(words: str) -> None:
    page = NOTE.format("</p><p>".join([words] * 12))
    pages = [page, page.replace("Site", "Wiki")]
    assert len({fields("main_text", html=html).text_hash for html in pages}) == 1


def test_the_main_part_tells_whether_a_short_page_changed_that_marks_it() -> None:
    marked = NOTE.replace("<div id=content>", "<main>").replace("</div></div>", "</main></div>", 1)
    pages = [marked.format("one"), marked.format("one").replace("Site", "Wiki")]
    assert len({fields("main_text", html=html).text_hash for html in pages}) == 1


def test_the_age_of_what_a_page_shows_is_no_change() -> None:
    ages = ("5 minutes ago", "1\xa0hour, 10\xa0minutes ago", "a day ago", "2 weeks and 3 days ago")
    assert len({fingerprint_of(f"Ticket 7\nopened {age} by Ann") for age in ages}) == 1
    assert fingerprint_of("5 minutes a day") != fingerprint_of("6 minutes a day")


@pytest.mark.parametrize(
    "note",
    [
        "Page generated in {} seconds.",
        "20 queries executed in {} sec",
        "Search took about {}s",
        "Queries took {}ms · Rows 7",
    ],
)
def test_how_long_a_page_took_is_no_change_of_it(note: str) -> None:
    def hash_of(seconds: str, text: str = "A") -> str | None:
        return fingerprint_of(f"{text}\n{note.format(seconds)}")

    assert len({hash_of(seconds) for seconds in ("0.001", ".012", "3")}) == 1
    assert hash_of("3") != hash_of("3", text="B")
