from __future__ import annotations

import time

import pytest

from crawlproj.content.prose import Prose
from crawlproj.content.tree import Element, tree_of

SENTENCE = (
    "A sentence that is long enough for a paragraph, although it says nothing at all to anybody."
)
LENGTH = len(SENTENCE)


def measured(body: str) -> tuple[Element, Prose]:
    root = tree_of(f"<body>{body}".encode(), "utf-8").select_one("body")
    assert root is not None
    return root, Prose(root, frozenset(root.select("[hidden]")))


def test_a_paragraph_counts_with_its_inline_elements_and_without_its_links() -> None:
    root, prose = measured(
        f"<p>{SENTENCE}<a href=/x>a link</a><b>bold</b></p>" + 4 * f"<p>{SENTENCE}"
    )
    paragraph = root.select("p")[0]
    assert prose.prose[paragraph] == LENGTH + len("bold")
    assert prose.linked[paragraph] == len("a link")
    assert prose.prose[root] == 5 * LENGTH + len("bold")


def test_short_texts_and_what_nobody_sees_are_no_prose() -> None:
    field = f"<select><option>{SENTENCE}</select>"
    unseen = f"<script>{SENTENCE}</script><div hidden>{SENTENCE}</div>{field}"
    root, prose = measured(4 * f"<p>{SENTENCE}</p>" + 9 * "<div>A label</div>" + unseen)
    assert prose.prose[root] == 4 * LENGTH
    assert prose.text[root] == 4 * LENGTH + 9 * len("A label")


def test_all_text_counts_on_a_page_that_has_hardly_any_prose() -> None:
    root, prose = measured(9 * "<dt>A label</dt>")
    assert prose.prose[root] == 9 * len("A label")


def test_a_letter_counts_as_many_bytes_as_it_has() -> None:
    root, prose = measured(4 * f"<p>{30 * '字'}</p>")
    assert prose.prose[root] == 4 * 90


def test_what_is_left_out_takes_all_in_it_along() -> None:
    root, prose = measured(f"<aside><div><p>{SENTENCE}</div></aside>" + 4 * f"<p>{SENTENCE}")
    clean = prose.without(lambda each: each.tag == "aside")
    assert clean[root] == 4 * LENGTH
    assert prose.prose[root] == 5 * LENGTH


@pytest.mark.parametrize("shape", ["<div>{}", "<b>{}", "<p>{}", "<ul><li>{}", "<div>{}<p>"])
def test_any_nesting_takes_linear_time(shape: str) -> None:
    began = time.process_time()
    measured(20_000 * shape.format(SENTENCE))
    assert time.process_time() - began < 4.0
