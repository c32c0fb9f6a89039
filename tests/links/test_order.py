"""A list comes before its filters, and no path waits for another one."""

from __future__ import annotations

from crawlproj.links.order import Order


def ranks(found: list[str]) -> list[int]:
    order = Order()
    order.note(found)
    return [order.priority(url) for url in found]


def test_each_parameter_more_than_another_url_of_the_path_has_comes_later() -> None:
    paths = ["?f=1&t=2&s=1&o=3", "?f=1&t=2&s=1", "?f=1&t=2"]
    assert ranks([f"http://a.org/topic{each}" for each in paths]) == [-2, -1, 0]


def test_paths_do_not_wait_for_each_other() -> None:
    assert ranks(["http://a.org/a", "http://a.org/b?x=1", "http://a.org/c?x=1;y=2"]) == [0, 0, 0]


def test_the_first_parameter_is_free_because_it_most_often_names_the_page() -> None:
    assert ranks(["http://a.org/index", "http://a.org/index?title=A"]) == [0, 0]


def test_a_url_that_nobody_noted_is_not_put_back() -> None:
    assert Order().priority("http://a.org/l?x=1&y=2") == 0
