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
        ("<b>\u3000\u3000作者</b>", "**作者**"),
        ("“<b>Stop.</b>” he said", "“**Stop.**” he said"),
        ("«<i>Bonjour !</i>» <i>été.</i>—", "«*Bonjour !*» *été.*—"),
        ("“<b><a href='/a'>One</a></b>”", "“**[One](/a)**”"),
        ("<i>(one)</i><img src='/a' alt=b>", "*(one)*![b](/a)"),
        ("<b>One<br></b><b>two</b>", "**One**  \n**two**"),
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
        ("<b><i>Jim &amp; Andy</i></b>", "**Jim & Andy**"),
        ("<b><i>Gott</i>“ ist</b>", "**Gott“ ist**"),
        ("<b>(x)</b>€", "(x)€"),
        ("now<x-y><b>$5</b></x-y>", "now$5"),
        ("<i>b</i><i>y name</i> x", "*b*y name x"),
        ("<b>Why?<br><br></b>So", "Why?  \n\\\nSo"),
        ("<b><br></b>So", " \nSo"),
    ],
)
def test_emphasis_that_asterisks_cannot_express_costs_only_itself(html: str, expected: str) -> None:
    assert markdown(f"<b>One</b> {html}") == f"**One** {expected}"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<b><a href='/a'>One </a></b>two", "**[One](/a)** two"),
        ("<b>see <a href='/a'><span>One </span></a></b>two", "**see [One](/a)** two"),
        ("<b><a name=a>One</a></b>s", "**One**s"),
    ],
)
def test_emphasis_ends_with_a_link_in_it(html: str, expected: str) -> None:
    assert markdown(html) == expected


def test_code_beside_emphasis_stays_as_it_is() -> None:
    html = "<code>a</code><code>—<b>b</b></code>"
    assert "\ufdd0" not in markdown(html)


@given(
    st.lists(
        st.sampled_from(
            ["<b>", "</b>", "<i>", "</i>", "é", ".", "“", " ", "\xa0", "a", "<a href=x>"]
        )
    )
)
def test_any_emphasis_is_read_and_put_back(parts: list[str]) -> None:
    markdown("".join(parts))


def test_emphasis_in_emphasis_takes_linear_time() -> None:
    began = time.process_time()
    assert markdown("<b>" * 200_000) == ""
    assert time.process_time() - began < 1.5
