"""A parameter is judged by pages whose URLs differ in nothing else."""

from __future__ import annotations

from zlib import crc32

import pytest

from crawlproj.links.indifferent import Indifferent
from crawlproj.links.shapes import is_chosen, without

SORT, PLACE = "a/*?sort=", "a/books/*"


def compared(same: int, different: int, place: str = PLACE) -> Indifferent:
    """Return what is known after so many pages were compared with the plain one."""
    found = Indifferent()
    for n in range(same + different):
        plain = f"http://{place[:-1]}{n}"
        lines = [f"Item {n} {each}" for each in range(40)]
        found.take_in(plain, "\n".join(lines), {}, place, has_news=True)
        sorted_too = reversed(lines) if n < same else [f"{line} of another" for line in lines]
        found.take_in(
            f"{plain}?sort=a", "\n".join(sorted_too), {SORT: plain}, place, has_news=False
        )
    return found


def test_a_parameter_makes_no_difference_if_twenty_pages_have_the_same_lines() -> None:
    assert not compared(19, 0).has(SORT, PLACE)
    assert compared(20, 0).has(SORT, PLACE)


def test_one_page_in_twenty_may_be_different() -> None:
    assert compared(40, 2).has(SORT, PLACE)
    assert not compared(40, 3).has(SORT, PLACE)


def test_five_pages_of_a_directory_are_enough_where_others_show_the_same() -> None:
    found = compared(20, 0, place="a/films/*")
    for n in range(5):
        assert not found.has(SORT, PLACE)
        plain = f"http://a/books/{n}"
        found.take_in(plain, "Books", {}, PLACE, has_news=False)
        found.take_in(f"{plain}?sort=a", "Books", {SORT: plain}, PLACE, has_news=False)
    assert found.has(SORT, PLACE)


def alike(one: str, other: str, between: int = 0) -> bool:
    """Whether a parameter that changes a text may make no difference, other pages between."""
    found, plain = Indifferent(), "http://a/books/1"
    found.take_in(plain, one, {}, PLACE, has_news=False)
    for n in range(between):
        found.take_in(f"http://a/films/{n}", "Films", {}, "a/films/*", has_news=False)
    found.take_in(f"{plain}?sort=a", other, {SORT: plain}, PLACE, has_news=False)
    return found.may_have(SORT)


@pytest.mark.parametrize(("lines_more", "same"), [(6, True), (7, False)])
def test_six_lines_that_one_of_two_pages_lacks_are_few(lines_more: int, *, same: bool) -> None:
    lines = [f"Item {n}" for n in range(10)]
    more = [f"More {n}" for n in range(lines_more)]
    assert alike("\n".join(lines), "\n".join(lines + more)) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Page 1", "Page 1", True),
        ("Page 1", "Page 2", False),
        ("Item 1\nOld hat\nBuy", "Item 2\nOld hat\nBuy", True),  # as a time or a session would
        ("Item 1\nOld hat\nBuy", "Item 2\nRed cup\nBuy", False),
    ],
)
def test_pages_of_few_lines_may_differ_in_fewer(one: str, other: str, *, same: bool) -> None:
    assert alike(one, other) is same


def test_only_the_beginning_of_a_text_is_compared() -> None:
    begins = "Line\n" * 40_000
    assert alike(begins, begins + "\n".join(f"Another {n}" for n in range(100)))


@pytest.mark.parametrize(("pages", "known"), [(19_999, True), (20_000, False)])
def test_a_page_is_compared_with_one_of_the_last_twenty_thousand(
    pages: int, *, known: bool
) -> None:
    assert alike("Books", "Books", between=pages) is known


def test_what_holds_for_one_directory_says_nothing_about_another() -> None:
    assert not compared(40, 0).has(SORT, "a/films/*")


def test_a_page_with_news_is_like_no_other() -> None:
    found = Indifferent()
    for n in range(30):
        url = f"http://a/books/{n}"
        found.take_in(url, "Books", {}, PLACE, has_news=False)
        found.take_in(f"{url}?sort=a", "Books", {SORT: url}, PLACE, has_news=True)
    assert not found.may_have(SORT)


def test_without_a_page_to_compare_with_nothing_is_said() -> None:
    found = Indifferent()
    for n in range(30):
        url = f"http://a/books/{n}"
        found.take_in(f"{url}?sort=a", "Books", {SORT: url}, PLACE, has_news=False)
    assert not found.may_have(SORT)


def asked(found: Indifferent, query: str, directories: int, *, same: bool = True) -> bool:
    """Whether a query makes no difference after it was compared in so many directories."""
    for n in range(directories):
        place = f"a/{'like' if same else 'other'}{n}/*"
        url = f"http://{place[:-1]}"
        found.take_in(url, f"Files of {n}", {}, place, has_news=False)
        other = f"Files of {n}" if same else "\n".join(f"Line {each} of {n}" for each in range(9))
        found.take_in(f"{url}?{query}", other, {}, place, has_news=False)
    return f"a/*?{query}" in found.found(f"http://a/unknown/?{query}", [], "a/unknown/*")


def test_a_query_makes_no_difference_anywhere_if_twenty_directories_show_it() -> None:
    assert not asked(Indifferent(), "C=N;O=D", 19)
    assert asked(Indifferent(), "C=N;O=D", 20)


def test_a_directory_shows_that_once_however_many_pages_it_has() -> None:
    found = Indifferent()
    for _ in range(9):
        assert not asked(found, "C=N;O=D", 19)


@pytest.mark.parametrize(("other", "ends"), [(2, True), (3, False)])
def test_a_query_may_make_a_difference_in_one_directory_of_twenty(
    other: int, *, ends: bool
) -> None:
    found = Indifferent()
    asked(found, "lang=de", other, same=False)
    assert asked(found, "lang=de", 40) is ends


def test_the_first_page_of_short_lists_says_nothing_about_the_second_of_a_long_one() -> None:
    found = Indifferent()
    assert asked(found, "page=1", 20)
    assert not found.found("http://a/unknown/?page=2", ["a/*?page="], "a/unknown/*")


POST, PAGE = "a/*?post=", "a/*?page="


def topic(found: Indifferent, n: int, *shown: str) -> None:
    """Take in the pages of a topic: each of ``shown`` is a query and the page that it brings."""
    seen: set[str] = set()
    plain = f"http://a/books/{n}"
    found.take_in(plain, f"Topic {n}", {}, PLACE, has_news=True)
    for each in shown:
        query, _, page = each.partition(" ")
        name = POST if query.startswith("post") else PAGE
        text = "\n".join(f"{page} of {n}, {line}" for line in range(9))
        found.take_in(f"{plain}?{query}", text, {name: plain}, PLACE, has_news=page not in seen)
        seen.add(page)


def test_a_page_that_another_value_showed_long_before_is_the_same() -> None:
    found = Indifferent()
    for n in range(10):
        topic(found, n, "page=2 two", "page=3 three", *("post=1 two", "post=2 three") * 2)
    assert found.has(POST, PLACE)
    assert not found.may_have(PAGE)


def test_the_first_value_that_brings_a_page_makes_no_difference_once_the_page_is_elsewhere() -> (
    None
):
    found = Indifferent()
    for n in range(10):
        topic(found, n, "post=1 two", "post=2 two", "post=3 three", "post=4 three")
    assert not found.has(POST, PLACE)
    for n in range(10, 20):
        topic(found, n, "post=1 two", "post=2 two", "page=2 two", "post=3 three", "post=4 three")
    assert not found.has(POST, PLACE), "the third pages of twenty topics are nowhere else"
    for n in range(20, 60):
        topic(found, n, "post=1 two", "post=2 two", "page=2 two")
    assert not found.may_have(PAGE)


@pytest.mark.parametrize("between", ["&", ";"])
def test_parameters_are_taken_apart_whatever_is_between_them(between: str) -> None:
    url = f"http://a/f?rev=1{between}sort=date{between}tag=HEAD"
    assert without(url, {SORT}) == f"http://a/f?rev=1{between}tag=HEAD"
    nth = crc32(b"sort=date") % 8
    assert all(is_chosen(f"http://a/{n}?rev={n}{between}sort=date", nth) for n in range(50))
