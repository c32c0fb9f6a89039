"""Titles in a path are words, whatever their alphabet: only what a program made is a token."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from crawlproj.links.budgets import Budgets
from crawlproj.links.news import News
from crawlproj.links.shapes import shapes_of
from crawlproj.links.traps import Traps
from crawlproj.urls import normalize

HOME = "http://a.example/"
TITLES = ("Привет", "Список_городов", "日本語の文法", "naïve_Bayes", "Ελλάδα", "café_at_the_corner")


@pytest.mark.parametrize("title", TITLES)
def test_a_title_in_any_alphabet_has_no_shape_of_its_own(title: str) -> None:
    url = normalize(f"http://a.example/wiki/{title}")
    assert url is not None
    assert shapes_of(url).all() == ["a.example/wiki/*", "a.example/*"]


@pytest.mark.parametrize(
    ("segment", "shape"),
    [
        ("a-server-and-its-modules_3", "a-server-and-its-modules_#"),
        ("how-to-bake-10-breads-in-5-days", "how-to-bake-#-breads-in-#-days"),
        ("Список_городов_2", f"{quote('Список_городов')}_#"),
        ("ReleaseNotesOfVersion3", "ReleaseNotesOfVersion#"),
        ("Getting%20Started%20With%203", "Getting%20Started%20With%20#"),
        ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "*"),
        ("user-session-a1b2c3d4e5f6a7b8", "*"),
        ("dQw4w9WgXcQ_dQw4w-WgXcQ_x", "*"),
    ],
)
def test_words_with_a_number_are_no_token_that_a_program_made(segment: str, shape: str) -> None:
    url = normalize(f"http://a.example/shop/{segment}/photos/")
    assert url is not None
    assert shapes_of(url).exact == f"a.example/shop/{shape}/photos/"


def test_brackets_in_the_name_of_a_parameter_do_not_make_it_a_token() -> None:
    names = ["product_search%5Bcategory_id%5D", "product_search%5Bmanufacturer_id%5D"]
    shapes = shapes_of(f"{HOME}list?{names[0]}=3&{names[1]}=4")
    assert shapes.names == tuple(f"a.example/*?{name}=" for name in names)


def test_short_pages_of_a_wiki_in_another_alphabet_do_not_end_the_others() -> None:
    traps = Traps(Budgets(), ["http://a.example/"])
    for n in range(400):
        name = "".join(chr(0x430 + int(digit)) for digit in f"{n:08}")
        url = normalize(f"http://a.example/вики/{name}")
        assert url is not None
        assert not traps.why_not(url)
        if traps.looks_at(url):
            traps.learn(url, "Вики\nЭта статья ещё не написана", [])
    assert not traps.found


def test_a_word_of_another_alphabet_that_is_in_the_url_is_not_new() -> None:
    news, shape = News(), "a.example/метки?q="
    news.of("Метки\nстраниц нет", f"{HOME}tags?q=x", shape, counted=True, leads_on=True)
    url = normalize(f"{HOME}tags?q=погода")
    assert url is not None
    text = "Метки\nстраниц нет\nпогода"
    assert not news.of(text, url, shape, counted=True, leads_on=True).words


def test_the_escapes_of_letters_are_no_numbers_of_a_page() -> None:
    news, shape = News(), "a.example/цены?page="
    url = normalize(f"{HOME}цены-Р80?page=2")  # its letters have escapes such as %86 and %90
    assert url is not None
    found = news.of("Цены\nвсего 150", url, shape, counted=True, leads_on=True)
    found = news.of("Цены\nвсего 146", url, shape, counted=True, leads_on=True)
    assert found.numbers == 1
