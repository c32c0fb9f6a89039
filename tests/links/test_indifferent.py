"""A parameter is judged by pages whose URLs differ in nothing else."""

from __future__ import annotations

from crawlproj.links.indifferent import Indifferent

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
