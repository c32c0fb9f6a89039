"""Elements that show nothing in Markdown take little time, and change nothing."""

from __future__ import annotations

from crawlproj.content.blank import blank_in
from crawlproj.content.tree import tree_of
from tests.content.written import markdown


def test_breaks_without_end_are_left_out_and_those_between_lines_stay() -> None:
    lines = "".join(f"<b></b><br>{number}" for number in range(3_000))
    assert blank_in(tree_of(lines.encode())) == {}
    empty = "<b> </b><br><style>p {}</style>"
    ends = tree_of(f"a{empty * 3_000}b{'<br>' * 100}c".encode())
    breaks = ends.select("br")
    assert list(blank_in(ends)) == breaks[100:3_000]


def test_a_list_without_items_stays_as_it_is_beside_a_quote() -> None:
    html = "<ul><ul><li>a</ul></ul><ul>b</ul><blockquote>c</blockquote>"
    assert markdown(html) == "  - a\n\nb\n\n> c"
