from __future__ import annotations

import pytest

from crawlproj.content.main_part import main_part_of
from crawlproj.content.text import text_of
from crawlproj.content.tree import tree_of

WORDS = "Some words that people read, and a few more of them, so that it is a paragraph. "
ARTICLE = 9 * f"<p>{2 * WORDS}"


def main_text(body: str) -> str:
    return text_of(main_part_of(tree_of(f"<html><body>{body}".encode(), "utf-8")))


def page(head: str, body: str = ARTICLE) -> str:
    return f"<div class=top>{head}</div><div class=column><div class=body>{body}</div></div>"


@pytest.mark.parametrize(
    "head",
    [
        "<header><h1>Title</h1><p>{}</p></header>",
        '<header><h1><b>Title</b></h1><div class="teaser-text">{}</div></header>',
        '<div class="page-header"><h1>Title</h1></div><div class=intro><strong>{}</strong></div>',
        '<h1>Title</h1><h2>A second title that is not short</h2><p class="lead">{}</p>',
        "<hgroup><h1>Title</h1><h2>{}</h2></hgroup>",
    ],
)
def test_the_lead_under_the_title_comes_before_the_article(head: str) -> None:
    lead = "The lead says in a sentence or two what the article says later in all its details."
    text = main_text(page(head.format(lead)))
    assert text.startswith(lead)
    assert text.count(lead) == 1
    assert text.count("Some words") == 18


@pytest.mark.parametrize(
    "head",
    [
        "<p>{}</p><h1>Title</h1>",
        "<h1>Title</h1><nav><p>{}</p></nav>",
        "<h1>Title</h1><figure><p>{}</p></figure>",
        '<h1>Title</h1><div class="photo-caption">{}</div>',
        "<h1>Title</h1><ul><li>{}</li></ul>",
        "<h1>Title</h1><p><a href=/other>{}</a></p>",
        '<h1>Title</h1><div class="cookie-banner"><div class="text"><p>{}</p></div></div>',
        "<h1>Title</h1><h2>Name</h2><p>{}</p>",
        "<p>{}</p>",
    ],
)
def test_no_other_paragraph_outside_is_the_lead(head: str) -> None:
    other = "This is a paragraph of some length that stands beside the article and not in it, too."
    text = main_text(page(head.format(other)))
    assert other not in text
    assert text.count("Some words") == 18


def test_a_lead_that_the_article_repeats_is_there_once() -> None:
    lead = f"The lead. {WORDS}"
    text = main_text(page(f"<h1>Title</h1><p>{lead}</p>", f"<p>{lead}</p>{ARTICLE}"))
    assert text.count("The lead.") == 1
