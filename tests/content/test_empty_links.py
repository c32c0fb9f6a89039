"""Markdown has no link that nobody can see."""

from __future__ import annotations

from functools import partial
from urllib.parse import urljoin

import pytest

from crawlproj.content.text import markdown_of
from crawlproj.content.tree import tree_of

ABSOLUTE = partial(urljoin, "http://a.example/")


@pytest.mark.parametrize(
    ("link", "markdown"),
    [
        ('<a href="/u/7"><i class="fa fa-arrow-right"></i></a>', "By Ann"),
        (
            '<a href="/r" aria-label="Reply to [Ann]"><svg></svg></a>',
            r"By Ann [Reply to \[Ann\]](http://a.example/r)",
        ),
        (
            '<a href="/s"><svg role=img><title>Search</title><path /></svg></a>',
            "By Ann [Search](http://a.example/s)",
        ),
        (
            '<a href="/m"><i aria-label="Mail"></i><b hidden>send mail</b></a>',
            "By Ann [Mail](http://a.example/m)",
        ),
        ('<a href="/t"><span style="display:none">Top</span></a>', "By Ann"),
        (
            '<a href="/f" title=" RSS feed"><i></i></a>',
            'By Ann [RSS feed](http://a.example/f " RSS feed")',
        ),
        (
            '<a href="/p"><img src="p.png" alt=""></a>',
            "By Ann [![](http://a.example/p.png)](http://a.example/p)",
        ),
        ('<a href="/t" title="more">Text</a>', 'By Ann [Text](http://a.example/t "more")'),
    ],
)
def test_a_link_without_text_has_its_name_or_is_left_out(link: str, markdown: str) -> None:
    assert markdown_of(tree_of(f"<p>By Ann {link}</p>".encode()), ABSOLUTE) == markdown


def test_the_page_stays_as_it_is() -> None:
    tree = tree_of(b'<p><a href="/r" title="Reply"><i></i></a><a href="/u"><i></i></a>')
    markdown_of(tree, ABSOLUTE)
    assert tree.select_one("p").inner_html == (  # type: ignore[union-attr]
        '<a href="http://a.example/r" title="Reply"><i></i></a>'
        '<a href="http://a.example/u"><i></i></a>'
    )


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ('<a href="javascript:void(0)">Show <b>all</b></a>', "By Ann Show **all**"),
        ('<a href=" JavaScript:go()">Show all</a>', "By Ann Show all"),
        ('<img src="data:image/gif;base64,R0lGOD" alt="A lake">', "By Ann"),
        (
            '<a href="/p"><img src="data:image/gif;base64,R0lGOD" alt="A lake"></a>',
            "By Ann [A lake](http://a.example/p)",
        ),
        ('<a href="/javascript">Learn</a>', "By Ann [Learn](http://a.example/javascript)"),
    ],
)
def test_scripts_and_bytes_are_no_addresses(html: str, markdown: str) -> None:
    page = tree_of(f"<p>By Ann {html}</p>".encode(), "utf-8")
    assert markdown_of(page, ABSOLUTE).strip() == markdown
