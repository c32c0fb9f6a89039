"""The tree, its encoding and its text, as browsers have them."""

from __future__ import annotations

import re
import resource
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.content.text import text_of
from crawlproj.content.tree import (
    encoding_of,
    reads_css,
    tree_of,
)


def text(html: str) -> str:
    return text_of(tree_of(html.encode(), "utf-8"))


@pytest.mark.parametrize(
    ("body", "label", "encoding"),
    [
        ("é".encode(), "utf-8", "UTF-8"),
        ("é".encode("latin-1"), "latin-1", "windows-1252"),
        ("é".encode("latin-1"), "ISO-8859-1", "windows-1252"),
        ("é".encode("utf-16-le"), "utf-16", "UTF-16LE"),
        (b"\xef\xbb\xbf" + "é".encode(), "latin-1", "UTF-8"),
        (b"\xff\xfe" + "é".encode("utf-16-le"), "utf-8", "UTF-16LE"),
        (b"<meta charset=koi8-r>" + "ж".encode("koi8-r"), "", "KOI8-R"),
        (b"<meta charset=koi8-r>" + "ж".encode(), "utf-8", "UTF-8"),
        (b"<meta charset=utf-16>" + "é".encode(), "", "UTF-8"),
        (b"<meta http-equiv=content-type content='; charset=UTF-16'>" + "é".encode(), "", "UTF-8"),
        (b"<meta charset=hex>" + "é".encode(), "", "UTF-8"),
        ("é".encode(), "hex", "UTF-8"),
        ("é".encode(), "undefined", "UTF-8"),
        ("é".encode(), "", "UTF-8"),
        ("é".encode("latin-1"), "", "windows-1252"),
    ],
)  # fmt: skip
def test_the_encoding_is_that_of_a_browser(body: bytes, label: str, encoding: str) -> None:
    tree = tree_of(body, label)
    assert tree.encoding == encoding
    assert text_of(tree) in {"é", "ж"}


@pytest.mark.parametrize("label", ["idna", "base64", "rot13", "punycode", "raw_unicode_escape", ""])
def test_a_label_that_only_python_knows_is_no_encoding(label: str) -> None:
    assert encoding_of(label) is None
    assert encoding_of(" UTF8 ") == "UTF-8"


XHTML = (
    '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="de"><head>{}</head><body>{}</body></html>'
)


def xhtml(head: str, body: str, prolog: str = "", encoding: str = "utf-8") -> bytes:
    return (prolog + XHTML.format(head, body)).encode(encoding)


def test_xhtml_is_read_as_xml() -> None:
    page = xhtml('<title/><script src="a.js"/>', '<p>W&amp;ort</p><a href="/x">on</a>')
    tree = tree_of(page, xhtml=True)
    assert text_of(tree) == "W&ort\n\non"
    assert [link.attr("href") for link in tree.select("a")] == ["/x"]
    assert tree.root is not None
    assert tree.root.attr("xml:lang") == "de"


def test_the_elements_of_xhtml_may_have_a_prefix() -> None:
    plain = xhtml("<title>T</title>", "<p>W</p><a href='/x'/>").decode()
    page = re.sub("<(/?)", r"<\1h:", plain).replace("xmlns=", "xmlns:h=")
    tree = tree_of(page.encode(), xhtml=True)
    assert text_of(tree) == "W"
    assert [len(tree.select(name)) for name in ("title", "p", "a")] == [1, 1, 1]


def test_what_xhtml_marks_as_character_data_is_text() -> None:
    script = "<script/><script>//<![CDATA[\na<b\n//]]></script>"
    page = xhtml(script, "<p><![CDATA[a < b & c]]></p>" + script)
    tree = tree_of(page, xhtml=True)
    assert text_of(tree) == "a < b & c"
    assert ["a<b" in each.text for each in tree.select("script")] == [False, True] * 2


def test_xhtml_declares_its_encoding_in_its_first_line() -> None:
    page = xhtml("", "<p>ж</p>", '<?xml version="1.0" encoding="koi8-r"?>', "koi8-r")
    assert text_of(tree_of(page, xhtml=True)) == "ж"
    assert text_of(tree_of(xhtml("", "<p>ж</p>"), "utf-8", xhtml=True)) == "ж"


def test_xhtml_that_is_not_well_formed_is_read_as_html() -> None:
    page = xhtml("", "<p>one<p>&nbsp;two<br>")
    assert text_of(tree_of(page, xhtml=True)) == "one\n\n two"


def test_the_older_form_of_links_in_svg_is_read_like_the_newer() -> None:
    tree = tree_of(
        b"<svg><a xlink:href=/old><text>a</text></a><a href=/new xlink:href=/no></a></svg>"
        b"<div><template shadowrootmode=open><svg><a xlink:href=/in></a></svg></template></div>"
        b"<a xlink:href=/html></a>"
    )
    found = [link.attr("href") for link in tree.select("a")]
    assert found == ["/old", "/new", "/in", None]


def test_declarative_shadow_trees_are_part_of_the_page_and_templates_are_not() -> None:
    inner = "<div><template ShadowRootMode=closed><a href=/in>in</a></template></div>"
    tree = tree_of(
        f"<section><template shadowrootmode=open>{inner}<a href=/s>shadow</a></template></section>"
        "<template><a href=/no>no</a></template>".encode()
    )
    assert [link.attr("href") for link in tree.select("a")] == ["/in", "/s"]
    assert text_of(tree) == "in\n\nshadow"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<div><template shadowrootmode=OPEN>a</template></div>", "a"),
        ("<x-y><template shadowrootmode=closed>a</template></x-y>", "a"),
        ("<div><template shadowrootmode=other>a</template>b</div>", "b"),
        ("<button><template shadowrootmode=open>a</template>b</button>", "b"),
        ("<p><template shadowrootmode=open>a</template><template shadowrootmode=open>b", "a"),
    ],
)
def test_only_what_a_browser_makes_a_shadow_tree_is_one(html: str, expected: str) -> None:
    assert text_of(tree_of(html.encode())) == expected


@pytest.mark.parametrize(
    "html",
    [
        b"<div>" * 100_000,
        b"<b>" * 1_000_000,
        b"<option>" * 80_000,
        b"<b a=i>" * 3_900 + b"<p>x" * 3_900,
        b"<p " + b" ".join(b"a%d=1" % number for number in range(160_000)) + b">",
        b"<table><tr><td>" * 30_000,
        b"".join(b"<i c=%d>" % number for number in range(20_000)) + b"<p>" * 20_000,
        b"<a href=x>" * 200_000,
        b"<svg><path/>" * 100_000,
        b'<template id="B:0"></template><p>' * 50_000 + b'<p id="S:0">' * 50_000,
        b"".join(b'<template id="B:%x"></template>' % n for n in range(30_000))
        + b"".join(b'<p id="S:%x">' % n for n in range(30_000)),
        b"<select><iframe>" * 50_000,
        b"<div><template shadowrootmode=open>" * 2_000,
    ],
    ids=lambda html: html[:16].decode(),
)
def test_no_shape_of_markup_takes_more_than_linear_time(html: bytes) -> None:
    began = time.process_time()
    tree = tree_of(html)
    text_of(tree)
    tree.select("a[href],frame[src]")
    assert time.process_time() - began < 2.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2_000_000


def test_a_selector_that_cannot_be_read_is_recognised() -> None:
    assert reads_css("div > a[href^=x]:not(.b)")
    assert not reads_css("a:contains('b'")


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "utf-8", "utf-16", "hex", "shift_jis"]),
    st.booleans(),
)
def test_any_bytes_are_a_page(body: bytes, label: str, is_xhtml: bool) -> None:
    text_of(tree_of(body, label, xhtml=is_xhtml))


def test_xhtml_may_use_the_names_of_htmls_characters() -> None:
    page = (
        b'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>a&eacute;&lt;&amp;</title>'
        b'<script src="x"/></head><body><a href="/one">&nbsp;&hellip;</a></body></html>'
    )
    tree = tree_of(page, xhtml=True)
    assert tree.select("title")[0].text == "a\u00e9<&"
    assert [link.attr("href") for link in tree.select("a")] == ["/one"]
