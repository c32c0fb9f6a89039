"""Large pages are read in parts, which show what the page as a whole would."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.content import parts
from crawlproj.content.parts import FIRST_BYTES, FIRST_TAGS, MAX_BYTES, MAX_TAGS, Parts
from crawlproj.content.text import text_of
from crawlproj.content.tree import tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.content.tree import Tree

_INLINE = st.sampled_from(
    ["<b>", "</b>", '<a href="/{}">', "</a>", "word{} ", "<!-- <a href='/no'> -->", "<br>"]
)
# No "</tr>": what comes next is moved in front of the table, so where it ends says nothing of that.
_BLOCKS = st.sampled_from(
    [
        *("<p>", "<div>", "</div>", "<ul><li>", "</ul>", "<pre>", "</pre>", "<table><tr><td>"),
        *("</table>", "<h2>", "</h2>", '<div hidden class="a&quot;é">', "<tr><td>", "<select>"),
        *("<script>'<a href=/no>'</script>", "<textarea><a href=/no></textarea>", "<svg><g>"),
        *("<option>", "</select>", "</svg>", "<title><a href=/no></title>", "</p>"),
    ]
)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FIRST_BYTES", 64)
    monkeypatch.setattr(parts, "_LATER_BYTES", 48)


def trees_of(page: Parts) -> Iterator[Tree]:
    yield page.first
    yield from page.later()


def links_in(tree: Tree) -> list[str | None]:
    return [element.attr("href") for element in tree.select("a[href]")]


def words_in(page: Parts) -> list[str]:
    later = (text_of(tree, or_hidden=False) for tree in page.later())
    return [word for text in (text_of(page.first), *later) for word in text.split()]


@pytest.mark.hypothesis
@pytest.mark.usefixtures("small_parts")
@given(st.lists(_INLINE | _BLOCKS, min_size=10, max_size=60))
def test_the_parts_have_the_links_and_the_words_of_the_whole(made: list[str]) -> None:
    html = "\n".join(["begin", *(piece.format(n) for n, piece in enumerate(made))])
    whole = tree_of(html.encode(), "utf-8")
    page = Parts(html.encode(), "utf-8")
    found = [link for tree in trees_of(page) for link in links_in(tree)]
    assert dict.fromkeys(found) == dict.fromkeys(links_in(whole))
    assert sorted(words_in(page)) == sorted(text_of(whole).split())  # tables move stray words


def test_a_page_is_read_up_to_so_many_bytes_or_tags() -> None:
    assert Parts(b"x" * 100).read == 100
    assert Parts(b"x" * (MAX_BYTES + 1)).read == MAX_BYTES
    assert Parts(b"<p>" * (MAX_TAGS + 2)).read == 3 * MAX_TAGS
    assert Parts(b"<p>" * MAX_TAGS + b"the end").read == 3 * MAX_TAGS + 7


def test_a_part_is_small_and_an_ordinary_page_is_one() -> None:
    page = Parts((b"<p>" + b"x" * 999 + b"</p>\n") * 10_000)
    sizes = [len(tree.html) for tree in trees_of(page)]
    assert FIRST_BYTES * 0.9 < sizes[0] <= FIRST_BYTES * 1.1
    tags = [tree.html.count("<br>") for tree in trees_of(Parts(b"<br>\n" * 500_000))]
    assert FIRST_TAGS * 0.9 < tags[0] <= FIRST_TAGS
    assert sum(tags) == 500_000
    assert all(size < 1_200_000 for size in sizes[1:])
    assert len(list(trees_of(Parts(b"<p>" * 1000)))) == 1


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "shift_jis", "utf-16-le"])
@pytest.mark.parametrize("declared", [True, False])
def test_every_part_has_the_encoding_of_the_page(encoding: str, *, declared: bool) -> None:
    word = "テスト" if encoding == "shift_jis" else "проба"
    label = encoding.removesuffix("-le")
    body = f"<meta charset={label}>" + f"<p>{word}</p><a href=/{word}>{word}</a>\n" * 20
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    page = Parts(mark + body.encode(encoding), label if declared else "")
    assert words_in(page) == [word] * 40
    assert sum(links_in(tree) == [f"/{word}"] for tree in trees_of(page)) >= 10


@pytest.mark.usefixtures("small_parts")
def test_a_large_xhtml_page_is_read_as_xml() -> None:
    one = '<p><script src="a"/><a href="/1"/>word</p>\n'
    body = f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{one * 20}</body></html>'
    assert words_in(Parts(body.encode(), xhtml=True)) == ["word"] * 20
    assert words_in(Parts(b"<p>word\n" * 20, xhtml=True)) == ["word"] * 20  # not well-formed


@pytest.mark.usefixtures("small_parts")
def test_what_is_open_for_long_stays_open() -> None:
    rows = "<tr><td>cell\n" * 9
    for before, after, expected in (
        ("<pre>\n", "  two  spaces\n<b>x</b>" * 9, None),
        ("<div hidden>", "<p>hidden\n" * 9, []),
        ("<script>", "'<a href=/no>'\n" * 9, []),
        ("<textarea>", "'<a href=/no>'\n" * 9, []),
        ("<div hidden><textarea>", "'<a href=/no>'\n" * 9 + "</textarea>hidden", []),
        ("<!-- ", "<a href=/no>\n" * 9, []),
        ("<svg>", "<text>label</text>\n" * 9, ["label"] * 9),
        ("<table>", rows, ["cell"] * 9),
    ):
        body = f"<p>begin</p>{before}{after}".encode()
        page = Parts(body)
        assert [link for tree in trees_of(page) for link in links_in(tree)] == []
        words = text_of(tree_of(body)).split() if expected is None else ["begin", *expected]
        assert words_in(page) == words


@pytest.mark.usefixtures("small_parts")
def test_deep_nesting_costs_each_part_a_hundred_start_tags_at_most() -> None:
    page = Parts(b"<i>" * 1000 + b"<a href=/x>x</a>" * 100)
    assert max(len(tree.html) for tree in page.later()) < 1500
    assert [link for tree in trees_of(page) for link in links_in(tree)] == ["/x"] * 100


def test_the_largest_pages_take_little_time() -> None:
    for shape in (b"<b>", b"<a href=/x>", b"<div hidden>", b"<!-- <p> -->", b"<p>\n", b"<"):
        body = shape * (MAX_BYTES // len(shape))
        began = time.process_time()
        for tree in trees_of(Parts(body)):
            links_in(tree)
        assert time.process_time() - began < 4.0
