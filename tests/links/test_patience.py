"""A site whose pages are all alike is fetched whole; a trap beside a site ends soon."""

from __future__ import annotations

import random
import re
from collections import deque
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from crawlproj.links.budgets import Budgets
from crawlproj.links.patience import Patience
from crawlproj.links.traps import Traps
from tests.links.sites import LETTERS, crawl_site

if TYPE_CHECKING:
    from collections.abc import Callable

HOME = "http://a.example/"
PAGES = 600
NAMES = [f"{one}{two}" for one in ("red", "old", "big", "raw") for two in ("cup", "hat", "oil")]
PATHS = ["page/{}", "{}", "p{}.html", "item?id={}", "page/{}/", "?n={}", "docs/page{}"]


def number(url: str) -> int:
    found = re.search(r"(\d+)(?:\.html|/)?$", url)
    return int(found[1]) if found else 0


def the_next(n: int) -> list[int]:
    return [n + 1]


def five(n: int) -> list[int]:
    return list(range(n + 1, n + 6))


def tree(n: int) -> list[int]:
    return list(range(10 * n + 1, 10 * n + 11))


def ring(n: int) -> list[int]:
    return [(n + 1) % PAGES, (n + 7) % PAGES, (3 * n + 1) % PAGES, (n - 1) % PAGES]


def all_from_home(n: int) -> list[int]:
    return list(range(1, PAGES)) if n == 0 else [0]


def same(_: int) -> str:
    return "Hello"


def numbered(n: int) -> str:
    return f"Page {n}\nThis is page number {n} of the site."


def product(n: int) -> str:
    dice = random.Random(n)  # noqa: S311 - the same each time
    return f"Product {n}\n{' '.join(dice.sample(NAMES, 3))}\nPrice {dice.randrange(999) / 100}"


def fetched(
    path: str, links: Callable[[int], list[int]], text: Callable[[int], str], pages: int = PAGES
) -> int:
    """Return how many pages of a site are fetched, breadth first."""
    traps = Traps(Budgets(), [HOME])
    queue, known, count = deque([HOME]), {HOME}, 0
    while queue:
        url = queue.popleft()
        if traps.why_not(url, 1):
            continue
        count += 1
        looks = traps.looks_at(url)
        found = [HOME + path.format(to) if to else HOME for to in links(number(url)) if to < pages]
        new = [to for to in dict.fromkeys(found) if to not in known]
        known.update(new)
        queue.extend(new)
        if looks:
            traps.learn(url, text(number(url)), new)
    return count


LINKS = [the_next, five, tree, ring, all_from_home]
TEXTS = [same, numbered, product]
# Each two of path, links and text meet, in a third of the sites in which each three do.
ALIKE = [
    pytest.param(path, links, TEXTS[(row + column) % 3], id=f"{path}-{links.__name__}")
    for row, path in enumerate(PATHS)
    for column, links in enumerate(LINKS)
]


@pytest.mark.parametrize(("path", "links", "text"), ALIKE)
def test_a_site_whose_pages_are_all_alike_is_fetched_whole(
    path: str, links: Callable[[int], list[int]], text: Callable[[int], str]
) -> None:
    assert fetched(path, links, text) == PAGES


def test_a_site_that_is_a_trap_ends_after_ten_thousand_pages() -> None:
    assert 10_000 <= fetched("page/{}", the_next, numbered, 10**9) < 10_100


def test_a_site_ends_sooner_if_not_even_a_digit_is_new() -> None:
    assert 1_000 <= fetched("page/{}", the_next, same, 10**9) < 1_020


def test_a_calendar_ends_soon_though_it_is_all_that_there_is() -> None:
    def shown(url: str) -> tuple[str, list[str]]:
        date = url.removeprefix(HOME) or "?year=2026&month=1"
        year, month = map(int, date.removeprefix("?year=").split("&month="))
        return "No events", [f"{HOME}?year={year + month // 12}&month={month % 12 + 1}"]

    assert len(crawl_site(Traps(Budgets(), [HOME]), HOME, shown)) < 100


@pytest.mark.parametrize("days", [1, 7, 31])
def test_a_calendar_that_counts_its_pages_ends_as_if_not_even_a_digit_was_new(days: int) -> None:
    def shown(url: str) -> tuple[str, list[str]]:
        n = number(url)
        first = date(2026, 1, 1) + timedelta(days=days * n)
        return f"{first:%A, %d %B %Y}\nNo events", [f"{HOME}?offset={n + 1}"]

    assert 1_000 <= len(crawl_site(Traps(Budgets(), [HOME]), HOME, shown)) < 1_300


@pytest.mark.parametrize(("pages", "is_site"), [(200, True), (40, False)])  # 5 of 40 are chosen
def test_pages_of_an_earlier_crawl_are_a_site_for_a_trap_to_be_beside(
    pages: int, *, is_site: bool
) -> None:
    traps = Traps(Budgets(), [HOME])
    for n in range(pages):
        traps.know(f"{HOME}about-{str(n).translate(LETTERS)}.html")

    def shown(url: str) -> tuple[str, list[str]]:
        return "No events", [f"{HOME}cal?t={number(url) + day}" for day in (1, 7)]

    assert (len(crawl_site(traps, HOME, shown)) < 100) == is_site


def site(pages: int) -> Patience:
    patience = Patience()
    for n in range(pages):
        patience.win([f"a/p{n}/*", "a/*"])
    return patience


def lost_until_trap(patience: Patience) -> int:
    return next(n for n in range(1, 20_000) if patience.lose("a/day/#", 20, "a/*"))


def test_a_trap_beside_ten_pages_with_something_new_ends_after_twenty() -> None:
    assert lost_until_trap(site(10)) == 20
    assert lost_until_trap(site(9)) == 10_000
    assert site(9).lose("a/day/#", 1) == 1, "nobody asks what is around it"


def test_a_shape_with_most_of_what_is_new_on_its_site_is_no_trap_yet() -> None:
    patience = site(30)
    for _ in range(30):
        patience.win(["a/day/#", "a/*"])
    assert lost_until_trap(patience) == 100
    patience.win(["a/day/#", "a/*"])
    assert lost_until_trap(patience) == 10_000


def test_a_host_is_given_up_only_once_it_has_had_something_new() -> None:
    assert site(9).is_alone("a/*", "a/*")
    assert not site(10).is_alone("a/*", "a/*")
