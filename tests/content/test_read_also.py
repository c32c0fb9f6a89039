from __future__ import annotations

import pytest

from crawlproj.content.main_part import main_part_of
from crawlproj.content.text import text_of
from crawlproj.content.tree import tree_of

WORDS = "Some words that people read, and a few more of them, so that it is a paragraph. "
ARTICLE = 9 * f"<p>{WORDS}"


def main_text(body: str) -> str:
    return text_of(main_part_of(tree_of(f"<html><body>{body}".encode(), "utf-8")))


@pytest.mark.parametrize("link", ["{}", "Read also: {}", "<strong>{}</strong>"])
def test_a_paragraph_that_only_leads_to_another_article_is_left_out(link: str) -> None:
    headline = '<a href="/other">Another headline of this newspaper, from last week</a>'
    text = main_text(f"<main>{ARTICLE}<p>{link.format(headline)}</p>{ARTICLE}</main>")
    assert "headline" not in text
    assert text.count("Some words") == 18


@pytest.mark.parametrize(
    ("paragraph", "words"),
    [
        ('<p><a href="/x">See the list of all settings and of their defaults.</a>', "See the list"),
        ('<p><a href="#part">The part of this page that has the headline of it</a>', "The part"),
        ('<dl><dt>X</dt><dd><p><a href="/x">Another name for the same thing</a></dl>', "Another"),
        (
            '<p><a href="/a">The first of pages</a> <a href="/b">The second of them</a>',
            "The second",
        ),
        ('<p><a href="/x">Download</a>', "Download"),
    ],
)
def test_links_that_belong_to_the_text_stay(paragraph: str, words: str) -> None:
    assert words in main_text(f"<main>{ARTICLE}{paragraph}{ARTICLE}</main>")


def test_the_titles_of_a_list_of_articles_stay() -> None:
    posts = "".join(
        f'<p><a href="/{n}">The title of the article number {n}</a></p><p>{WORDS}</p>'
        for n in range(8)
    )
    assert main_text(f"<main>{posts}</main>").count("The title of the article") == 8
