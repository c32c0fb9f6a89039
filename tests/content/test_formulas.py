"""Formulas are TeX in Markdown where the page has it."""

from __future__ import annotations

import pytest

from crawlproj.content.text import markdown_of
from crawlproj.content.tree import tree_of

FORMULA = (
    "<math><semantics><mfrac><mi>a</mi><mi>b</mi></mfrac>"
    '<annotation encoding="application/x-tex">\n \\frac{a_1}{b*c}</annotation></semantics></math>'
)


@pytest.mark.parametrize(
    "html",
    [
        FORMULA,
        f"<span><span>{FORMULA}</span><span aria-hidden=true><i>a</i><i>b</i></span></span>",
        f"<span><span style='display: none'>{FORMULA}</span><img aria-hidden=true src=/f></span>",
    ],
)
def test_a_formula_is_its_tex_once(html: str) -> None:
    page = tree_of(f"<p>Let {html} be".encode())
    before = page.html
    assert markdown_of(page, str) == r"Let $`\frac{a_1}{b*c}`$ be"
    assert page.html == before


def test_a_formula_that_is_hidden_stays_so_and_one_without_tex_is_its_letters() -> None:
    html = f"<p>Let <span hidden>{FORMULA}</span><img src=/f alt=f> be <math><mi>k</mi></math>"
    assert markdown_of(tree_of(html.encode()), str) == "Let ![f](/f) be k"


def test_what_stands_beside_a_formula_in_its_box_stays() -> None:
    html = f"<p>Let {FORMULA} be</p><p aria-hidden=true>k"
    assert markdown_of(tree_of(html.encode()), str) == "Let $`\\frac{a_1}{b*c}`$ be\n\nk"
