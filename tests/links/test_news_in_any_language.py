"""A list whose pages have a few new items goes on, whatever language they are in."""

from __future__ import annotations

import pytest

from crawlproj.links.budgets import Budgets
from crawlproj.links.traps import Traps
from tests.links.sites import learn_site

HOME = "http://a.example/"
_ALPHABETS = {
    "English": ("abcdefghij", "{} is here"),
    "Russian": ("абвгдежзик", "Здесь {}"),
    "Greek": ("αβγδεζηθικ", "Εδώ {}"),
    "Hindi": ("कखगघचछजझटठ", "यहाँ {}"),
    "Chinese": ("一二三四五六七八九十", "这里，{}。"),
    "Arabic": ("ابتثجحخدذر", "هنا {}"),
}


def listed(language: str, page: int, *, new: bool = True) -> str:
    """Return a page of a list: a long menu, and an item that may be new."""
    letters, item = _ALPHABETS[language]
    word = "".join(letters[int(digit)] for digit in f"{page if new else 0:06}")
    return "\n".join([*(f"{letters[:5]} {letters[n:]}" for n in range(9)), item.format(word)])


@pytest.mark.parametrize("language", _ALPHABETS)
@pytest.mark.parametrize("new", [True, False])
def test_a_list_goes_on_while_its_pages_have_a_new_item(language: str, *, new: bool) -> None:
    traps = Traps(Budgets(), [HOME])
    learn_site(traps, HOME)
    for page in range(1, 400):
        url = f"{HOME}list?page={page}"
        if traps.why_not(url):
            break
        if traps.looks_at(url):
            traps.learn(url, listed(language, page, new=new), [f"{HOME}list?page={page + 1}"])
    assert bool(traps.found) is not new
