"""The filters of a list are not tried in every combination, and each item is found all the same."""

from __future__ import annotations

import random
from collections import deque
from urllib.parse import parse_qsl, urlencode

import pytest

from crawlproj.links.budgets import Budgets
from crawlproj.links.combinations import Combinations
from crawlproj.links.traps import Traps
from tests.links.sites import LETTERS, learn_site

HOME = "http://shop.example/"
FILTERS = {"colour": 8, "size": 5, "fabric": 6, "brand": 9, "price": 4}
ORDERS, PER_PAGE = ("cheap", "dear", "new", "name"), 12


class Shop:
    """A list of items with five filters, an order and pages; ``pages``: how many it shows."""

    def __init__(self, items: int, pages: int, seed: int = 3) -> None:
        dice = random.Random(seed)  # noqa: S311 - the same shop each time
        self._items = [
            {"name": f"item{str(n).translate(LETTERS)}", "order": dice.random()}
            | {name: f"{name}{dice.randrange(values)}" for name, values in FILTERS.items()}
            for n in range(items)
        ]
        self._pages = pages

    def answer(self, url: str) -> tuple[str, list[str]]:
        """Return the text and the links of a page."""
        path, _, query = url.removeprefix(HOME).partition("?")
        if path == "":
            return "Welcome", [f"{HOME}list"]
        if path != "list":
            words = [f"{path}{letter}" for letter in "abcdef"]
            return "\n".join(words), [f"{HOME}list"]
        chosen = dict(parse_qsl(query))
        page = int(chosen.pop("page", 1))
        order = chosen.get("order", "")
        items = [
            item
            for item in self._items
            if all(item[name] == value for name, value in chosen.items() if name != "order")
        ]
        if order:
            items.sort(key=lambda item: hash((item["order"], len(order))))
        last = min(self._pages, (len(items) - 1) // PER_PAGE + 1)
        shown = [item["name"] for item in items[(page - 1) * PER_PAGE : page * PER_PAGE]]
        choices = [
            *((name, f"{name}{value}") for name, n in FILTERS.items() for value in range(n)),
            *(("order", value) for value in ORDERS),
        ]
        links = [f"{HOME}{name}" for name in shown]
        links += [_list({**chosen, name: value}) for name, value in choices]
        links += [_list({**chosen, "page": each}) for each in range(2, last + 1)]
        return "\n".join(["Items", f"{len(items)} found", *map(str, shown)]), links


def _list(chosen: dict[str, object]) -> str:
    return f"{HOME}list?{urlencode(sorted(chosen.items()))}"


def crawl(shop: Shop) -> list[str]:
    """Return the URLs that a crawl fetches, in the order in which they are found."""
    traps = Traps(Budgets(), [HOME])
    fetched, seen, queue = [], {HOME}, deque([HOME])
    while queue:
        url = queue.popleft()
        if traps.why_not(url):
            continue
        fetched.append(url)
        text, links = shop.answer(url)
        looks = traps.looks_at(url)
        new = [link for link in dict.fromkeys(links) if link not in seen]
        seen.update(new)
        queue.extend(new)
        if looks:
            traps.learn(url, text, new)
    return fetched


@pytest.mark.parametrize(
    ("items", "pages", "lists"),
    [(300, 99, 1_200), (1_000, 5, 2_100)],
    ids=["lists-with-all", "lists-that-end-early"],
)
def test_each_item_of_a_shop_is_found_without_each_combination_of_filters(
    items: int, pages: int, lists: int
) -> None:
    fetched = crawl(Shop(items, pages))
    assert len([url for url in fetched if "/item" in url]) == items
    assert len([url for url in fetched if "?" in url]) < lists


@pytest.mark.parametrize("query", ["", "page="])
def test_less_than_two_parameters_are_no_combination(query: str) -> None:
    combinations = Combinations()
    for _ in range(200):
        combinations.take_in(f"a/l?{query}", is_empty=True)
    assert not combinations.doubts("a/l?x=&z=")


def test_others_are_doubted_after_a_hundred_pages_and_believed_after_one_with_news() -> None:
    combinations = Combinations()
    for _ in range(100):
        assert not combinations.doubts("a/l?x=&z=")
        combinations.take_in("a/l?x=&y=", is_empty=True)
    assert combinations.doubts("a/l?x=&z=")
    assert not combinations.doubts("a/other?x=&z=")
    combinations.take_in("a/l?x=&q=", is_empty=False)
    assert not combinations.doubts("a/l?x=&z=")


def test_lists_and_queries_that_lead_to_each_other_do_not_end_the_rows_of_a_table() -> None:
    traps = Traps(Budgets())
    learn_site(traps, HOME)
    for n in range(300):
        traps.learn(f"{HOME}loans?row={n}", "1 row", [f"{HOME}query?sql={n}"])
        traps.learn(f"{HOME}query?sql={n}", "1 row", [f"{HOME}loans?row={n + 1}"])
    assert traps.why_not(f"{HOME}query?sql=301")
    assert traps.why_not(f"{HOME}more?x=y")
    assert not traps.why_not(f"{HOME}row/5")
    assert not traps.why_not(f"{HOME}terms")
