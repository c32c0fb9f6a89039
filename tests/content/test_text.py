"""The text and the Markdown of a page break lines where a browser does."""

from __future__ import annotations

import re
import time
from functools import partial
from urllib.parse import urljoin

import pytest

from crawlproj.content.text import headings_of, markdown_of, text_of, words_of
from crawlproj.content.tree import tree_of

ABSOLUTE = partial(urljoin, "http://a.org/")


def text(html: str) -> str:
    return text_of(tree_of(html.encode(), "utf-8"))


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("un<em>believ</em>able H<sub>2</sub>O, <b>W</b>orld.", "unbelievable H2O, World."),
        ("<code>foo</code><b>bar</b>() on the 1<sup>st</sup>", "foobar() on the 1st"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("one<br>two<hr>three", "one\ntwo\n\nthree"),
        ("<font>one<hr>two</font><table><td>three<hr>four", "one\ntwo\n\nthree four"),
        ("<pre><a>one</a><hr>two\n<hr></pre>three", "one\ntwo\n\nthree"),
        ("<pre><b>one<hr>two</b></pre>", "one\ntwo"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        ("<table><tr><td>1<td>2<tr><th>3</table>", "1 2\n3"),
        ("<dl><dt>term<dd>meaning</dl>", "term\n\nmeaning"),
        ("<h1>Head</h1>text", "Head\n\ntext"),
        ("a\n\t b&nbsp;c", "a b c"),
        ("&nbsp;a&nbsp;", "a"),
        ("one<svg><text>two</text></svg>three", "one two three"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<title>no</title><script>no</script><style>no</style><template>no</template>yes", "yes"),
        ("<noscript>no <b>script</b></noscript>", "no script"),
        ("one<svg><iframe><nav>two</nav></iframe></svg>three", "onetwo three"),
        ("<pre>one <i hidden>no<b hidden>no</b></i>two<i hidden>no</i></pre>", "one two"),
        ("<select><option>one<option>two</select>", "one two"),
        ("<a><h3>Title</h3><span>sub</span></a>", "Title sub"),
        ("one<span><div>two</div></span>three", "one\n\ntwo three"),
        ("one<form>two <input> three</form>four", "one\n\ntwo three\n\nfour"),
        ("one<center>two</center>three", "one\n\ntwo\n\nthree"),
        ("<fieldset><legend>one</legend>two</fieldset>three", "one\n\ntwo\n\nthree"),
        ("one<xmp>two\n  three</xmp>four", "one\n\ntwo\n  three\n\nfour"),
        ("one<table><tr><td>two</table>three", "one\n\ntwo\n\nthree"),
        ("<table><caption>one</caption><tr><td>two</table>", "one\n\ntwo"),
        ("<ul><a>one</a><li>two</li></ul>three", "one\n\ntwo\n\nthree"),
        ("<menu><button>one</button></menu>two", "one\n\ntwo"),
        ("<ul>one</ul>two", "one\n\ntwo"),
        ("<ul>one<li>two</li>three</ul>four", "one\n\ntwo\n\nthree\n\nfour"),
        ("<ol>one<li>two</ol>", "one\n\ntwo"),
        ("<ul><li>one<ul>two</ul></ul>", "one\ntwo"),
        ("<ul> <!-- no --> <li>one</li> <li>two</li> </ul>", "one\ntwo"),
        ("<my-card><div>one</div></my-card>two", "one two"),
        ("<my-card><x-y><h2>one</h2></x-y><p>two</p></my-card>three", "one\n\ntwo three"),
        ("<ul><li>one<ul><li>two</ul><ul><li>three</ul></ul>", "one\ntwo\nthree"),
        ("<ol><li>one<li>two</ol>three", "one\ntwo\n\nthree"),
        ("<pre>one(<br>  two<br>)</pre>", "one(\n  two\n)"),
        ("<pre>one<div>two</div>three</pre>", "one\ntwo\nthree"),
        ("<pre><code><div>one</div>two</code></pre>", "one\ntwo"),
        # A block, or two, for each line, with line breaks in them and between them or without.
        ("<pre><div>one</div><div>two</div></pre>", "one\ntwo"),
        ("<pre><div><div>one</div></div><div><div>two</div></div></pre>", "one\ntwo"),
        ("<pre><div><p><b>one\n</b></p></div><div><p>two</p></div></pre>", "one\ntwo"),
        ("<pre><div>one</div><div>\n</div><div>two</div></pre>", "one\n\ntwo"),
        ("<pre><div>one</div>\n<div>two</div></pre>", "one\n\ntwo"),
        ("<pre><div>one<br></div><div><br></div><div>two<br></div></pre>", "one\n\ntwo"),
        ("<pre><span style='display:block'>one<br></span>two</pre>", "one\ntwo"),
        ("<pre>one<br><div>two</div></pre>", "one\ntwo"),
        ("<pre>a<script>no</script>b<style>no</style></pre><pre>c<i hidden>no</i>", "ab\n\nc"),
        ("<pre>a<video>no</video>b<textarea>no</textarea><b style='display:none'>no</b>", "ab"),
        ("<listing>a<datalist><option>no</datalist><title>no</title>b</listing>", "ab"),
        ("<noscript><p>one</p>two</noscript>three", "one\n\ntwothree"),
        ("a<iframe src=x>fallback</iframe>b", "ab"),
        ("a<!-- comment -->b", "ab"),
        ("<div>a<div>b</div>c</div>", "a\n\nb\n\nc"),
    ],
)
def test_words_are_separated_only_where_a_browser_separates_them(html: str, expected: str) -> None:
    assert text(html) == expected


BLOCKS = (
    *(
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "details",
        "dialog open",
        "dir",
        "div",
        "dl",
    ),
    *("fieldset", "figure", "footer", "form", "h1", "h6", "header", "hgroup", "legend", "listing"),
    *("main", "nav", "p", "pre", "search", "section", "xmp"),
)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(
    "around",
    [
        *("{}", "<em>{}</em>", "<span><i>{}</i></span>", "<table><tr><td>{}</table>"),
        *(
            "<div>{}</div>",
            "<my-card>{}</my-card>",
            "<var><x-y>{}</x-y></var>",
            "<svg><foreignObject>{}",
        ),
    ],
)
def test_no_word_is_joined_with_that_of_a_block(block: str, around: str) -> None:
    html = around.format(f"one<{block}>two</{block}>three")
    assert text(html).split() == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a<span hidden>no</span>b", "ab"),
        ("<p HIDDEN='hidden'>no<p>yes", "yes"),
        ("<p hidden=until-found>a search in the page finds it", "a search in the page finds it"),
        ("<p>wait</p><div hidden id='S:1'>React moves it</div>", "wait\n\nReact moves it"),
        ("<table><tr hidden><td>no<tr><td>yes</table>", "yes"),
        ("<table hidden><caption>no</caption><tr><td>no</table>yes", "yes"),
        ("<div style='color:red; Display : NONE !important'><p>no</div>yes", "yes"),
        ("<div style='display:block;display:none'>no</div>yes", "yes"),
        ("<div style='display:none!important;display:block'>no</div>yes", "yes"),
        ("<div style='display:none;display:block'>yes</div>", "yes"),
        ("<div hidden style='display:flex'>yes</div>", "yes"),
        ("<div hidden style='color:red'>no</div>yes", "yes"),
        ("<div hidden style='--display:flex'>no</div>yes", "yes"),
        ("<div style='--display:none'>yes</div>", "yes"),
        ("<div style='background:url(display:none)'>yes</div>", "yes"),
        ("<div style='display:none'><p style='display:block'>no</p></div>yes", "yes"),
        ("<dialog>no</dialog><dialog open>yes</dialog>", "yes"),
        ("<div popover>no</div><dialog open popover>yes</dialog>", "yes"),
        ("<details><summary>one</summary>two</details>", "one\n\ntwo"),
        ("a<span style='visibility:hidden'>no</span>b", "ab"),
        ("<table><tr style='Visibility: collapse'><td>no<tr><td>yes</table>", "yes"),
        ("<p style='visibility:hidden'>but <b style='visibility:visible'>yes", "but yes"),
        ("<body style='visibility:hidden'>a script shows it", "a script shows it"),
        ("<body style='display:none'>a script shows it", "a script shows it"),
        ("<div style='display:none'>a <b>script</b> shows it</div>", "a script shows it"),
    ],
)
def test_what_the_markup_hides_is_left_out_unless_nothing_else_has_text(
    html: str, expected: str
) -> None:
    assert text(html) == expected
    tree = tree_of(html.encode(), "utf-8")
    source = tree.html
    assert re.findall("[A-Za-z]+", markdown_of(tree, ABSOLUTE)) == expected.split()
    assert tree.html == source


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a<canvas>no</canvas>b", "ab"),
        ("a<video controls><p>no</p></video>b<audio>no</audio>", "ab"),
        ("<meter>no</meter><progress>no</progress><textarea>no</textarea>yes", "yes"),
        ("<svg><title>no</title><desc>no</desc><text>one</text><text>two</text></svg>", "one two"),
        ("<svg><defs><text>no</text></defs><clipPath><text>no</text></clipPath></svg>yes", "yes"),
        ("<svg><symbol><text>no</text></symbol><text>yes</text></svg>", "yes"),
        ("<math><semantics><mi>x</mi><annotation>no</annotation></semantics></math>", "x"),
    ],
)
def test_what_no_browser_shows_is_left_out(html: str, expected: str) -> None:
    assert text(html) == expected
    assert markdown_of(tree_of(html.encode()), ABSOLUTE).replace("two", " two") in {
        expected,
        expected.replace(" ", "  "),
    }


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("one<span style='display:block'>two</span>three", "one two three"),
        ("one<span style='Display:FLEX!important;display:inline'>two</span>three", "one two three"),
        ("<td>one<my-b><span style='display:grid'>two</span>three</my-b>", "one two three"),
        (
            "<table><tr><td>one<small style='display:table'>two</small>three</table>",
            "one two three",
        ),
        ("<div style='display:flex'><span>one</span><label>two</label></div>", "one two"),
        ("<p style='display:inline-grid'><span>one</span><span>two</span></p>", "one two"),
        ("o<span style='display:inline-block'>n</span>e", "one"),
        ("o<div style='display:inline'>n</div>e", "one"),
        ("<p style='display:inline'>o</p><p style='display:inline'>ne</p>", "one"),
        ("one<select><option>two<option>three</select>", "one two three"),
    ],
)
def test_inline_styles_decide_where_lines_break(html: str, expected: str) -> None:
    assert text(html).split() == expected.split()
    tree = tree_of(html.encode(), "utf-8")
    source = tree.html
    assert re.findall("[a-z]+", markdown_of(tree, ABSOLUTE)) == expected.split()
    assert tree.html == source


def test_links_that_are_blocks_are_lines_of_the_text_and_links_in_markdown() -> None:
    html = "<a style='display:block' href=/1>one</a><a style='display:block' href=/2>two</a>"
    assert text(html) == "one\n\ntwo"
    markdown = markdown_of(tree_of(html.encode()), ABSOLUTE)
    assert markdown == "[one](http://a.org/1)[two](http://a.org/2)"


@pytest.mark.parametrize(
    "html",
    [
        "<pre>one<br>two</pre>",
        "<pre><div>one</div><div>two</div></pre>",
        "<pre><div><p>one</p></div><div><p>two</p></div></pre>",
        "<pre>one<p>two</p></pre>",
        "<pre><div>one<br></div><div>two<br></div></pre>",
    ],
)
def test_a_line_of_code_ends_once_however_often_its_page_is_read(html: str) -> None:
    tree = tree_of(html.encode(), "utf-8")
    assert [text_of(tree), text_of(tree)] == ["one\ntwo", "one\ntwo"]
    (body,) = tree.select("body")
    again = tree_of(body.html.encode(), "utf-8")  # as the main text is read
    assert text_of(again) == "one\ntwo"
    assert markdown_of(tree, ABSOLUTE) == "```\none\ntwo\n```"


def test_what_is_hidden_keeps_its_links() -> None:
    tree = tree_of(b"yes<div hidden><a href=/a>no</a></div>")
    assert text_of(tree) == "yes"
    assert [link.attr("href") for link in tree.select("a")] == ["/a"]


def test_reading_the_text_leaves_the_names_of_elements() -> None:
    tree = tree_of(b"<form>a</form><center>b</center><ol><li>c</ol><ul><a>d</a></ul>")
    assert text_of(tree) == "a\n\nb\n\nc\n\nd"
    assert [len(tree.select(name)) for name in ("form", "center", "ol", "ul")] == [1, 1, 1, 1]


@pytest.mark.parametrize("block", ["form", "center", "fieldset", "search"])
def test_markdown_keeps_blocks_apart(block: str) -> None:
    tree = tree_of(f"one<{block}>two</{block}>three".encode())
    assert markdown_of(tree, ABSOLUTE).split() == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            "<p style='white-space:pre-wrap'>one <a href=http://a.org/2>two",
            "one [two](http://a.org/2)",
        ),
        ("one <b style='color:red; White-Space: pre !important'>two", "one **two**"),
        ("<div style='white-space:pre'>one\ntwo", "```\none\ntwo\n```"),
        ("<pre style='white-space:pre-wrap'>one\ntwo", "```\none\ntwo\n```"),
    ],
)
def test_prose_whose_white_space_is_kept_is_not_code_in_markdown(html: str, expected: str) -> None:
    tree = tree_of(html.encode(), "utf-8")
    source = tree.html
    assert markdown_of(tree, ABSOLUTE) == expected
    assert tree.html == source


def test_the_name_of_an_icon_is_not_a_word_of_a_heading_but_of_a_link_without_others() -> None:
    icon = "<svg><title>Gear</title><path/></svg>"
    tree = tree_of(
        f"<h2>{icon} Settings</h2><a href=/s>{icon} All</a><a href=/t>{icon}</a>".encode()
    )
    assert headings_of(tree) == [(2, "Settings")]
    assert words_of(tree, tree.select("a")) == ["All", "Gear"]


def test_a_title_that_repeats_the_text_of_a_link_is_left_out_of_markdown() -> None:
    page = tree_of(b'<a href="/a" title="One  two">One <b>two</b></a> <a href="/b" title="2">3</a>')
    assert markdown_of(page, ABSOLUTE) == ('[One **two**](http://a.org/a) [3](http://a.org/b "2")')


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<ol><li value=3>a<li value=4><b>b</b></ol>", "3. a\n4. **b**"),
        ("<ol><li>a<li value=7>b</ol>", "1. a\n2. b"),
        ("<ol reversed><li>a<ul><li>x</ul><li>b</ol>", "- a\n  - x\n- b"),
        ("<ol start=-1><li>a</ol><p>b<ol><li value=-1>c</ol>", "- a\n\nb\n\n- c"),
        ("<ol start=2><li>a</ol>", "2. a"),
    ],
)
def test_a_numbered_list_is_one_in_markdown(html: str, expected: str) -> None:
    page = tree_of(html.encode())
    before = page.html
    assert markdown_of(page, ABSOLUTE) == expected
    assert page.html == before


def test_the_reading_of_a_word_stands_in_its_parentheses() -> None:
    html = "<ruby><b>漢字</b><rp>(</rp><rt><i>kanji</i></rt><rp>)</rp></ruby>"
    assert text(html) == "漢字(kanji)"
    assert markdown_of(tree_of(html.encode(), "utf-8"), ABSOLUTE) == "**漢字**(*kanji*)"


def test_a_quotation_is_not_indented() -> None:
    html = "<p>x</p><blockquote>q<br>r<pre>s\n t</pre><blockquote>u</blockquote></blockquote>y"
    assert text(html) == "x\n\nq\nr\n\ns\n t\n\nu\n\ny"


def test_the_words_of_headings_in_each_other_take_linear_time() -> None:
    page = tree_of(b"<h1>a<div>" * 50_000)
    began = time.process_time()
    assert headings_of(page)[0] == (1, " ".join("a" * 50_000))
    assert time.process_time() - began < 2.0
