"""A link around nothing but a heading is a heading in Markdown."""

from __future__ import annotations

import pytest

from crawlproj.content.text import markdown_of
from crawlproj.content.tree import tree_of


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<a href=/x><h3>one</h3></a>two", "### [one](/x)\n\ntwo"),
        ("<a href=/x title=y> <div><div><h2 title=z>one <b>two", '## [one **two**](/x "y")'),
        ("<a href=/x><h3>one</h3>two</a>", "[one two](/x)"),
        ("<a href=/x><h3>one</h3><h4>two</h4></a>", "[one two](/x)"),
        ("<a href=javascript:x()><h3>one</h3></a>", "### one"),
        ("<a href=/x hidden><h3>one</h3></a>two", "two"),
        ("<a href=/x><h3></h3></a>two", "two"),
        ("<a href=/x><h3><img src=y alt=one></h3></a>", "### [![one](y)](/x)"),
    ],
)
def test_a_link_around_a_heading_is_a_link_in_it(html: str, expected: str) -> None:
    tree = tree_of(html.encode(), "utf-8")
    source = tree.html
    assert markdown_of(tree, str) == expected
    assert tree.html == source
