from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.content.main_part import main_part_of
from crawlproj.content.text import text_of
from crawlproj.content.tree import tree_of

WORDS = "Some words that people read, and a few more of them, so that it is a paragraph. "
LINKS = "".join(f'<li><a href="/{n}">Another page {n}</a>' for n in range(30))


def main_text(body: str) -> str:
    return text_of(main_part_of(tree_of(f"<html><body>{body}".encode(), "utf-8")))


@pytest.mark.parametrize("start", ["<main>", '<div role="main">', '<main id="content">'])
def test_an_explicit_main_decides(start: str) -> None:
    text = main_text(f"<div><p>{3 * WORDS}</div>{start}<h1>Title</h1><p>{2 * WORDS}</div></main>")
    assert text.startswith("Title")
    assert text.count("Some words") == 2


def test_all_sections_of_an_article_belong_to_it() -> None:
    sections = "".join(f"<div><h2>Part {n}</h2><p>{n * WORDS}</div>" for n in range(1, 6))
    text = main_text(f"<div><ul>{LINKS}</ul></div><div id=content>{sections}</div>")
    assert [f"Part {n}" in text for n in range(1, 6)] == [True] * 5
    assert "Another page" not in text


@pytest.mark.parametrize(
    "boilerplate",
    [
        "<nav>{}</nav>",
        "<footer>{}</footer>",
        "<aside>{}</aside>",
        '<div class="sidebar">{}</div>',
        '<ul id="main-menu">{}</ul>',
        '<div role="navigation">{}</div>',
        '<div class="navheader">{}</div>',
    ],
)
def test_navigation_is_left_out_beside_the_content_and_inside_it(boilerplate: str) -> None:
    links = boilerplate.format(LINKS)
    beside = main_text(f"{links}<div>{20 * f'<p>{WORDS}</p>'}</div>")
    inside = main_text(f"<main>{links}{20 * f'<p>{WORDS}</p>'}</main>")
    for text in (beside, inside):
        assert text.count("Some words") == 20
        assert "Another page" not in text


def test_an_element_of_links_around_the_article_does_not_belong_to_it() -> None:
    article = f"<div><p>{9 * WORDS}<p>{9 * WORDS}</div>"
    text = main_text(f"<div id=page><div>{article}<ul>{LINKS}{LINKS}</ul></div></div>")
    assert text.count("Some words") == 18
    assert "Another page" not in text


def test_a_page_of_few_words_is_its_own_main_part() -> None:
    assert main_text("<p>Moved.") == "Moved."
    assert main_text("") == ""


def test_the_page_itself_stays_as_it_was() -> None:
    tree = tree_of(f"<nav>{LINKS}</nav><p>{WORDS}".encode(), "utf-8")
    before = tree.html
    main_part_of(tree)
    assert tree.html == before


@given(st.text(alphabet="<>/abdivnpulmainclass= \"'x", max_size=300))
def test_any_markup_has_a_main_part(html: str) -> None:
    main_text(html)
