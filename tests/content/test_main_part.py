from __future__ import annotations

import time

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


@pytest.mark.parametrize(
    "chapter",
    [
        # docutils, with the permalinks of Sphinx and without, and of older versions
        '<section id="search"><h2>Search<a href="#search">¶</a></h2><p>{}</section>',
        (
            '<section id="intro"><h2>Intro</h2></section>'
            '<section id="search"><h2>Search</h2><p>{}</section>'
        ),
        '<div class="section" id="search"><h2>Search</h2><p>{}</div>',
        '<div class="viewcode-block" id="Page._toc_entry">{}</div>',  # Sphinx's viewcode
        '<section id="parse_header"><a class="headerlink" href="#parse_header"></a>{}</section>',
        '<div id="search"><a aria-label="Permalink" href="#search">#</a>{}</div>',  # TypeDoc
        '<div class="tsd-comment">{}</div>',
        '<div class="table-header">{}</div>',  # Javadoc
        '<section id="search-1" class="level2"><h2>Search 1</h2><p>{}</section>',  # pandoc
    ],
)
def test_a_chapter_whose_name_was_made_from_its_heading_is_content(chapter: str) -> None:
    text = main_text(f"<main><h1>Title</h1><p>{9 * WORDS}{chapter.format(3 * WORDS)}</main>")
    assert text.count("Some words") == 12


@pytest.mark.parametrize(
    "start",
    [
        '<aside class="admonition note">',
        '<aside class="footnote-list brackets"><aside class="footnote" role="doc-footnote">',
        '<aside class="topic">',
        '<aside role="note">',
        '<aside aria-label="Tip" class="starlight-aside starlight-aside--tip">',
    ],
)
def test_notes_belong_to_the_text_and_other_asides_do_not(start: str) -> None:
    around = f"<aside>{LINKS}</aside><aside class='note-menu'>{LINKS}</aside>"
    text = main_text(f"<main>{around}<p>{3 * WORDS}{start}{2 * WORDS}</aside></aside></main>")
    assert text.count("Some words") == 5
    assert "Another page" not in text


@pytest.mark.parametrize(
    "start",
    [
        '<section id="search-adapters"><h1>Search adapters</h1>',
        '<div class="vp-doc _guide_search"><h1>Guide</h1>',
        '<div class="post category-social tag-menu"><h1>A post</h1>',
    ],
)
def test_the_name_of_a_page_does_not_take_its_content_away(start: str) -> None:
    beside = '<div class="menu">Search</div>'
    text = main_text(f"<main>{beside}{start}<p>{9 * WORDS}</main>")
    assert text.count("Some words") == 9
    assert not text.startswith("Search\n")


@pytest.mark.parametrize(
    "head",
    [
        "<header><h2>The title</h2><p>Yesterday</header>",
        '<header class="entry-header"><h2>The title</h2></header>',
        '<div class="post-header"><h2>The title</h2></div>',
    ],
)
@pytest.mark.parametrize("start", ["<main>", "<div role=main>", "<div><div>"])
def test_the_head_of_an_article_has_its_title(start: str, head: str) -> None:
    banner = "<header class='site-header'><h1>The site</h1></header>"
    post = f"<article>{head}<p>{3 * WORDS}</p></article>"
    text = main_text(f"{banner}{start}{9 * post}")
    assert text.count("The title") == 9
    assert "The site" not in text


@pytest.mark.parametrize(
    "head",
    [
        "<header>Share this</header>",
        '<div class="nav-header"><h2>Share this</h2></div>',
        '<header role="navigation"><h2>Share this</h2></header>',
        '<div class="related"><header><h2>Share this</h2></header></div>',
    ],
)
def test_a_head_without_a_title_or_with_other_names_of_boilerplate_is_left_out(head: str) -> None:
    text = main_text(f"<main><article>{head}<p>{9 * WORDS}</p></article></main>")
    assert "Share this" not in text
    assert text.count("Some words") == 9


@pytest.mark.parametrize(
    "comments",
    [
        '<section id="comments"><h2>Comments</h2>{}</section>',
        (
            '<section id="related"><h2>Related</h2></section>'
            '<div id="comments"><h2>Comments</h2>{}</div>'
        ),
        '<div class="comments" id="comments"><h2>Comments <a href="#comments">#</a></h2>{}</div>',
    ],
)
def test_comments_with_a_heading_stay_boilerplate_however_many_they_are(comments: str) -> None:
    many = comments.format(30 * "<p>I think so, too.")
    text = main_text(f"<main><h1>Title</h1><p>{3 * WORDS}</p>{many}</main>")
    assert text.count("Some words") == 3
    assert "I think" not in text


TEASERS = "".join(
    f'<div class="card"><h3><a href="/{n}">Another page {n}</a></h3><p>{WORDS}</div>'
    for n in range(12)
)
ARTICLE = "".join(f"<p>{n} {2 * WORDS}</p>" for n in range(6))


@pytest.mark.parametrize(
    "page",
    [
        "<div class=page><div class=story>{article}</div><div class=below>{teasers}</div></div>",
        "<div class=page><div class=below>{teasers}</div><div><div>{article}</div></div></div>",
        "<div><div itemprop=articleBody>{article}</div><p>{teasers}</div>",
        "<table><tr><td>{article}<td><ul><li><a href=/a>Another page</a></ul></table>",
    ],
    ids=["below", "above", "marked", "in a table"],
)
def test_teasers_beside_an_article_do_not_belong_to_it(page: str) -> None:
    text = main_text(page.format(article=ARTICLE, teasers=TEASERS))
    assert text.count("Some words") == 12
    assert "Another page" not in text


@pytest.mark.parametrize(
    "start",
    [
        '<div class="layout-sidebar-fixed"><div>',
        '<div class="content-with-sidebar"><div class="body">',
        '<div id="rightColumn"><aside>',
        '<form id="aspnetForm"><div class="article-header">',
        '<article class="post tag-menu category-social"><div>',
    ],
)
def test_a_theme_may_call_the_column_of_an_article_whatever_it_likes(start: str) -> None:
    menu = f'<div class="sidebar"><ul>{LINKS}</ul></div>'
    text = main_text(f"<div>{start}{ARTICLE}</div></article></form></aside></div>{menu}</div>")
    assert text.count("Some words") == 12
    assert "Another page" not in text


@pytest.mark.parametrize(
    "name", ["comment-list", "comments-area", "commentform", "cookie-settings", "gdpr-box"]
)
def test_neither_comments_nor_cookies_are_an_article_however_long_they_are(name: str) -> None:
    comment = "<p>I think so, too, and so does everybody that I know of, if you ask them today.</p>"
    long = f'<div class="{name}"><div>{20 * comment}</div></div>'
    text = main_text(f"<div><div>{ARTICLE}</div></div>{long}")
    assert text.count("Some words") == 12
    assert "I think" not in text


@pytest.mark.parametrize("lead", ["<p>{}</p>", "<blockquote>{}</blockquote>"])
def test_a_paragraph_beside_the_body_of_an_article_belongs_to_it(lead: str) -> None:
    lead = lead.format(
        "The lead tells in one sentence, which is not short, what all of the rest is about."
    )
    text = main_text(f"<div><h1>Title</h1>{lead} <div>{20 * ARTICLE}</div></div>")
    assert text.startswith("Title")
    assert "The lead" in text


def test_rows_and_items_are_not_taken_out_of_a_table_or_a_list() -> None:
    rows = f"<tr><td>{7 * WORDS}<tr><td>{3 * WORDS}"
    items = f"<li>{7 * WORDS}<li>{3 * WORDS}"
    assert main_text(f"<div><table>{rows}</table></div>").count("Some words") == 10
    assert main_text(f"<div><ul>{items}</ul></div>").count("Some words") == 10


def test_a_word_of_chinese_counts_as_much_as_one_of_english() -> None:
    article = 9 * "<p>人们写下一些句子，好让别人读到，并且知道它们是什么意思，这就是一个段落。</p>"
    text = main_text(f"<div><div>{article}</div><div>{TEASERS}</div></div>")
    assert text.count("段落") == 9
    assert "Another page" not in text


def test_what_is_hidden_is_not_the_article() -> None:
    text = main_text(
        f'<div style="display:none"><div>{9 * TEASERS}</div></div><div>{ARTICLE}</div>'
    )
    assert text.count("Some words") == 12


def test_a_page_of_which_all_is_hidden_until_a_script_shows_it_has_its_article() -> None:
    page = f"<div hidden><ul>{LINKS}</ul><div>{ARTICLE}</div></div>"
    assert main_text(page).count("Some words") == 12
    assert "Another page" not in main_text(page)


@pytest.mark.parametrize(
    "body",
    [
        '<main><div id="intro">' + 10_000 * '<section id="search"><h2>Search</h2>x</section>',
        "<main>" + 10_000 * '<div class="menu"><h1>a</h1>x</div>',
        "<main>" + 10_000 * '<div class="menu">' + "<h1>a</h1>x",
        "<main>" + 10_000 * '<div class="a header">' + "<h1>a</h1>x",
        "<main>" + 10_000 * '<div id="menu"><h2>menu<a href="#menu">x</a></h2>',
    ],
    ids=["chapters", "titles", "around a title", "heads", "in each other"],
)
def test_names_of_boilerplate_take_linear_time(body: str) -> None:
    began = time.process_time()
    main_text(body)
    assert time.process_time() - began < 4.0


def test_the_main_text_of_tables_takes_linear_time_also_after_the_text() -> None:
    page = tree_of(b"<p>" + 9_000 * b"<table><td>x" + 9_000 * b"</table><h2>y</h2>", "utf-8")
    began = time.process_time()
    text_of(page)
    text_of(main_part_of(page))
    assert time.process_time() - began < 3.0


def test_a_short_explicit_main_decides_if_there_is_no_more_elsewhere() -> None:
    menu = f"<a href='#main'>Skip to content</a><nav><ul>{LINKS}</ul></nav>"
    main = '<div role="main"><h2>How-tos</h2><p>Builders</div>'
    assert main_text(f'{menu}<div class="nav-content">{main}</div>') == "How-tos\n\nBuilders"


@pytest.mark.parametrize("start", ["<main>", '<div role="main">', '<div itemprop="articleBody">'])
def test_a_short_explicit_main_decides_beside_an_archive_of_links(start: str) -> None:
    # As in Zinnia: the posts of a blog are short, and its archive has a link for each day.
    post = f"<h2>A day</h2><p>A note about the weather, which was fine as it was. {WORDS[:60]}"
    text = main_text(f"{start}{post}</div></main><div><h3>Archives</h3><ul>{9 * LINKS}</ul></div>")
    assert text.startswith("A day\n\nA note")
    assert "Archives" not in text


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


@pytest.mark.parametrize(
    "name",
    [
        *("relatedArticle", "imgTeaserL", "newsteaser", "post-tags", "entry-meta", "ad-unit"),
        *("affiliate-disclaimer", "back-link", "print-button", "news-letter-section", "view-more"),
    ],
)
def test_names_that_themes_give_to_what_is_around_an_article(name: str) -> None:
    text = main_text(
        f'<main>{9 * f"<p>{WORDS}</p>"}<div class="{name}">Something else</div></main>'
    )
    assert "Something else" not in text


def test_names_that_would_leave_nothing_of_an_article_do_not_count() -> None:
    parts = "".join(f'<div id="TOC_TITLE_{n}"><p>{3 * WORDS}</div>' for n in range(9))
    text = main_text(f"<div>{LINKS}</div><article><p>Short.</p>{parts}<nav>{LINKS}</nav></article>")
    assert text.count("Some words") == 27
    assert "Another page" not in text
