"""Markdown has no lines that show nothing."""

from __future__ import annotations

import tracemalloc

import pytest

from crawlproj.content.text import markdown_of
from crawlproj.content.tidy import tidy
from crawlproj.content.tree import tree_of


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- \n- a\n-\n\nb", "- a\n\nb"),
        ("- \n  - \n    - \n- a", "- a"),
        ("- \n  - a", "- \n  - a"),
        ("- \n\n  ```\n  a\n  ```", "- \n  ```\n  a\n  ```"),
        ("1. \n2. a", "2. a"),
        ("## \n\na\n\n# b", "a\n\n# b"),
        ("a\n\n\n \n\nb\n\n\n", "a\n\nb"),
        ("a  \nb", "a  \nb"),
        ("\\-\n\na", "\\-\n\na"),
        ("```\n- \n\n\n\n# \n```\n- ", "```\n- \n\n\n\n# \n```"),
        ("> - ````sh\n>   ```\n>   \n>   \n>   - \n>   ````", None),
        ("| <br><br> a<br>b<br> | `<br>` |\n| --- | --- |", "| a<br>b | `<br>` |\n| --- | --- |"),
        ("a `b ``` c` d\n\n\n- ", "a `b ``` c` d"),
        ("a\n\n>\n\n> b\n>\n> > c\n>\n> >\n\nd", "a\n\n> b\n>\n> > c\n\nd"),
        ("a\n\n```py\n\n```\n\n> ```\n> ```\n\nb", "a\n\nb"),
        # The text around a table or a rule in an item of a list is kept apart from it.
        (
            "- a\n  | b |\n  | :---: |\n  c\n  | d |\n  | --- |",
            "- a\n\n  | b |\n  | :---: |\n\n  c\n\n  | d |\n  | --- |",
        ),
        ("- \n  | a |\n  | --- |\n  | b |\n- c", "- \n  | a |\n  | --- |\n  | b |\n\n- c"),
        ("- a\n  ---\n- \n  ---", "- a\n\n  ---\n- \n  ---"),
        ("> - a\n>   ---\n>\n>   ---", "> - a\n>\n>   ---\n>\n>   ---"),
        ("> - \n>   | a |\n>   | --- |", None),
        ("- ```\n  | a |\n  | --- |\n  b\n  ---\n  ```\n\n  ---", None),
    ],
)
def test_only_lines_outside_of_code_that_show_nothing_go(before: str, after: str | None) -> None:
    assert tidy(before) == (before if after is None else after)


def test_an_item_whose_only_link_is_hidden_is_no_item() -> None:
    page = tree_of(b"<ul><li><a href=/x><i hidden>x</i></a><li>a</ul><h2><i></i></h2><p>b")
    assert markdown_of(page, str) == "- a\n\nb"


def test_a_block_of_code_takes_no_more_memory_than_a_few_times_its_size() -> None:
    code = "```\n" + "\n" * 2_000_000 + "x\n```"
    tracemalloc.start()
    try:
        assert tidy(code) == code
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(code)
