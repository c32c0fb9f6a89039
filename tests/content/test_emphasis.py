"""Emphasis is written with asterisks in Markdown, in any language."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.content import written


def markdown(html: str) -> str:
    """Return the Markdown of a paragraph."""
    return written.markdown(f"<p>{html}")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("un <b>été</b> <i>à</i> la mer", "un **été** *à* la mer"),
        ("это <strong>важно</strong>, <del>нет</del>", "это **важно**, ~~нет~~"),
        ("中<b>文</b>中", "中**文**中"),
        ("<b>Zutaten:\xa0</b>Mehl", "**Zutaten:** Mehl"),
        ("<b><span>\xa0Zutaten:\xa0</span></b>Mehl", "**Zutaten:** Mehl"),
        ("<em>Next »\n</em>Keto", "*Next »* Keto"),
        ("<b>Next</b>, <i>up</i>", "**Next**, *up*"),
        ("<b>one<br>zwölf</b>", "**one  \nzwölf**"),
    ],
)
def test_text_that_is_not_ascii_is_emphasized_as_other_text(html: str, expected: str) -> None:
    assert markdown(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("see<b>.</b> Next", "see. Next"),
        ("see<b>«that»</b>now", "see«that»now"),
        ("<b><a href='/a'>One</a></b>s", "[One](/a)s"),
        ("<b>Ne<i>xt</i></b>", "**Next**"),
        ("<b>a<b>b</b></b>", "**ab**"),
        ("k<b>\xa0</b>k", "k\xa0k"),
        ("<b><i>été</i></b>", "**été**"),
    ],
)
def test_emphasis_that_asterisks_cannot_express_costs_only_itself(html: str, expected: str) -> None:
    assert markdown(f"<b>One</b> {html}") == f"**One** {expected}"


@given(
    st.lists(
        st.sampled_from(["<b>", "</b>", "<i>", "</i>", "é", ".", " ", "\xa0", "a", "<a href=x>"])
    )
)
def test_any_emphasis_is_read_and_put_back(parts: list[str]) -> None:
    markdown("".join(parts))


def test_emphasis_in_emphasis_takes_linear_time() -> None:
    began = time.process_time()
    assert markdown("<b>" * 200_000) == ""
    assert time.process_time() - began < 1.5
