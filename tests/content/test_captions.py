"""The main text of a page has no captions of pictures, and its Markdown has."""

from __future__ import annotations

import pytest

from crawlproj.content.captions import without_captions
from crawlproj.content.text import text_of
from crawlproj.content.tree import tree_of

PROSE = "A paragraph of the article, which is long enough to be one, and which goes on."


def text(html: str) -> str:
    page = tree_of(f"<article><p>{PROSE}</p>{html}<p>{PROSE}</p></article>".encode(), "utf-8")
    return text_of(without_captions(page)).replace(PROSE, "").strip()


@pytest.mark.parametrize(
    "html",
    [
        "<figure><img src=a.png><figcaption>A boat</figcaption></figure>",
        "<figure><a href=b><picture><img></picture></a><figcaption><p>A boat</figcaption></figure>",
        "<div class=wp-caption><img src=a.png><p class=wp-caption-text>A boat</p></div>",
        "<div><div><video></video></div><div class=imgCaption>A boat</div><i>by Ann</i></div>",
    ],
)
def test_the_caption_of_a_picture_is_no_text_of_the_article(html: str) -> None:
    assert "A boat" not in text(html)


@pytest.mark.parametrize(
    "html",
    [
        "<figure><pre>x</pre><figcaption>A boat</figcaption></figure>",
        "<figure><blockquote>x</blockquote><figcaption>A boat</figcaption></figure>",
        "<table><caption>A boat<tr><td><img src=a.png></table>",
        "<p class=caption>A boat</p>",
        f"<div><img src=a.png><p class=caption>A boat</p><p>{PROSE}</p></div>",
        "<figure><img><figcaption><h2>A boat</h2></figcaption></figure>",
    ],
)
def test_other_captions_stay(html: str) -> None:
    assert "A boat" in text(html)


def test_an_article_that_consists_of_pictures_keeps_what_it_says_of_them() -> None:
    figure = f"<figure><img src=a.png><figcaption>{PROSE}</figcaption></figure>"
    page = tree_of(f"<p>{PROSE}</p>{figure * 3}".encode(), "utf-8")
    assert text_of(without_captions(page)).count(PROSE) == 4
