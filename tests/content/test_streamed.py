"""The parts that a page brings late are read where a browser shows them."""

from __future__ import annotations

import pytest

from crawlproj.content.main_part import main_part_of
from crawlproj.content.text import text_of
from crawlproj.content.tree import tree_of

SCRIPT = "<script>$RC('B:0','S:0')</script>"


def text(body: str) -> str:
    return text_of(tree_of(body.encode(), "utf-8"))


def late(inside: str) -> str:
    return f"<h1>Birds</h1><!--$?-->{inside}<!--/$--><p>End</p>"


def test_a_late_part_replaces_what_is_shown_until_then() -> None:
    page = late('<template id="B:0"></template><p>Loading</p>wait') + (
        f'<footer>Foot</footer><div hidden id="S:0"><p>A wren</p></div>{SCRIPT}'
    )
    assert text(page).split() == ["Birds", "A", "wren", "End", "Foot"]


def test_boundaries_in_what_is_shown_until_then_go_with_it() -> None:
    inner = "<!--$--><i>one</i><!--/$--><!--$?--><i>two</i><!--/$-->"
    page = late(f'<template id="B:0"></template>{inner}<i>three</i>')
    assert text(f'{page}<div hidden id="S:0">A wren</div>').split() == ["Birds", "A", "wren", "End"]


def test_parts_of_late_parts_come_into_their_places() -> None:
    page = late('<template id="B:0"></template>Loading') + (
        '<div hidden id="S:0"><p>A <template id="P:1"></template> sings</p></div>'
        '<div hidden id="S:1"><b>wren</b></div>'
    )
    assert " ".join(text(page).split()) == "Birds A wren sings End"


def test_rows_of_a_table_may_be_late_and_ids_have_a_prefix() -> None:
    page = (
        '<table><tbody><tr><td>Wren</td></tr><!--$?--><template id="b-B:a"></template><!--/$-->'
        '</table><p>End</p><table hidden><tbody id="b-S:a"><tr><td>Robin</table>'
    )
    assert text(page).split() == ["Wren", "Robin", "End"]


def test_the_main_text_has_the_late_part() -> None:
    song = "A wren sings all the year, and louder than most birds of its size. " * 5
    page = (
        "<nav><a href=/>Home</a></nav><main><!--$?--><template id='B:0'></template>Loading<!--/$-->"
        f"</main><footer>Foot</footer><div hidden id='S:0'><h1>Wrens</h1><p>{song}</p></div>"
    )
    found = text_of(main_part_of(tree_of(page.encode(), "utf-8")))
    assert song.strip() in found
    assert "Loading" not in found


@pytest.mark.parametrize(
    "page",
    [
        late('<template id="B:0"></template>Loading'),
        '<h1>Birds</h1><template id="B:0"></template>Loading<p>End',
    ],
)
def test_without_the_part_the_page_is_as_it_is(page: str) -> None:
    assert text(page).split() == ["Birds", "Loading", "End"]


def test_without_the_end_of_a_boundary_nothing_is_taken_away() -> None:
    page = '<h1>Birds</h1><template id="B:0"></template><p>Loading<p>End<p hidden id="S:0">A wren'
    assert text(page).split() == ["Birds", "A", "wren", "Loading", "End"]


def test_a_place_in_its_own_part_leads_to_no_circle() -> None:
    page = '<h1>Birds</h1><div id="S:0">A wren <template id="P:0"></template></div>'
    assert text(page).split() == ["Birds", "A", "wren"]
