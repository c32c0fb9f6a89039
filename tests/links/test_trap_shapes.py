"""Only the shape that has no end is left out: what applications have around it is fetched."""

from __future__ import annotations

import datetime as dt
import itertools
import random

import pytest

from crawlproj.links.budgets import Budgets
from crawlproj.links.shapes import is_chosen
from crawlproj.links.traps import Traps
from tests.links.sites import crawl_site, learn_site

HOME = "http://a/"
MENU = "Home\nBooks\nMembers\nLog out"


class Site:
    """Learns pages in the order of their calls; ``fetched`` and ``left_out`` are their URLs."""

    def __init__(self) -> None:
        self.traps = Traps(Budgets(), [HOME])
        learn_site(self.traps, HOME, MENU)
        self.fetched: list[str] = []
        self.left_out: list[str] = []
        self._known: set[str] = set()

    def visit(self, url: str, text: str, *links: str) -> None:
        """Fetch a page, if traps allow it; other pages link to it already."""
        if self.traps.why_not(url):
            self.left_out.append(url)
            return
        self.fetched.append(url)
        self._known.add(url)
        new = [link for link in dict.fromkeys(links) if link not in self._known]
        self._known.update(new)
        if self.traps.looks_at(url):
            self.traps.learn(url, f"{MENU}\n{text}", new)


def word(n: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in str(n))


def test_pages_that_differ_only_in_numbers_are_no_trap_if_a_list_leads_to_them() -> None:
    site = Site()
    dice = random.Random(1)  # noqa: S311 - the same each time
    for n in range(300):
        price = dice.randrange(10_000) / 100
        site.visit(f"http://a/books/{n}/", f"Book number {n}\nPrice: {price}\nStock: {n % 20}")
    assert not site.left_out


def test_measurements_of_each_day_are_no_trap_though_each_leads_to_the_next() -> None:
    site = Site()
    dice = random.Random(1)  # noqa: S311 - the same each time
    for n in range(300):
        day, following = (dt.date(2026, 1, 1) + dt.timedelta(each) for each in (n, n + 1))
        hours = "\n".join(f"{hour:02}:00 {dice.randrange(350) / 10}" for hour in range(24))
        site.visit(f"http://a/log/{day}", f"Log of {day}\n{hours}", f"http://a/log/{following}")
    assert not site.left_out


def test_a_calendar_goes_on_while_one_day_in_seven_has_an_event() -> None:
    site = Site()
    for n in range(1_000):
        day, following = (dt.date(2026, 1, 1) + dt.timedelta(each) for each in (n, n + 1))
        event = f"Concert of {word(n)}" if n % 7 == 3 and n < 500 else "No events"
        url = f"http://a/events/{day:%Y/%m/%d}/"
        site.visit(url, f"{day:%A, %d %B %Y}\n{event}", f"http://a/events/{following:%Y/%m/%d}/")
    assert 500 <= len(site.fetched) < 650


def test_an_order_that_brings_nothing_is_left_out_on_all_paths_and_no_page_with_it() -> None:
    site = Site()
    for n in range(40):
        category = f"http://a/{word(n)}.html"
        items = "\n".join(f"Item {word(each)}" for each in range(10 * n, 10 * n + 10))
        site.visit(category, items)
        site.visit(f"{category}?page=2", f"More of {word(n)}", f"http://a/{word(9_000 + n)}.html")
        for order in ("price", "name", "date"):
            links = [f"{category}?dir={way}&order={order}" for way in ("asc", "desc")]
            site.visit(f"{category}?order={order}", items, *links)
            for link in links:
                site.visit(link, items)
    assert all("order=" in url for url in site.left_out)
    assert len([url for url in site.fetched if "order=" in url]) < 100
    assert not site.traps.why_not("http://a/new.html?order=price"), "it is a page of its own"
    assert site.traps.why_not("http://a/b.html?order=size")


def test_links_that_carry_the_page_do_not_lead_out_of_a_trap() -> None:
    site = Site()
    site.visit("http://a/admin/book/7/change/", "Book 7")
    for n in range(100):
        site.visit(
            f"http://a/admin/book/?o={n}",
            "Book 7",
            f"http://a/admin/book/?o={n + 1}",
            f"http://a/admin/book/7/change/?_changelist_filters=o%3D{n}",
        )
    assert len(site.fetched) < 40


def test_sorted_lists_of_many_models_do_not_make_their_directory_a_trap() -> None:
    site = Site()
    for n in range(30):
        models = f"http://a/admin/{word(n)}/"
        site.visit(models, f"Objects of {word(n)}")
        for order in range(30):
            link = f"{models}?o={order + 1}"
            site.visit(f"{models}?o={order}", f"Objects of {word(n)}", link)
    assert site.traps.found
    assert not site.traps.why_not("http://a/admin/other/")
    assert not site.traps.why_not("http://a/admin/a/7/change/")


def test_traps_that_lead_to_each_other_end() -> None:
    site = Site()
    for n in range(400):
        site.visit(f"http://a/week/{n}", "No events", f"http://a/week/{n + 1}", f"http://a/day/{n}")
        site.visit(f"http://a/day/{n}", "No events", f"http://a/day/{n + 1}")
    assert len(site.fetched) < 100


@pytest.mark.parametrize("chosen", range(8))
def test_a_view_of_each_page_ends_that_is_always_met_between_two_others(chosen: int) -> None:
    def shown(url: str) -> tuple[str, list[str]]:
        page, _, query = url.removeprefix(HOME).partition("?")
        n = int(page or 0)
        links = [] if query or n > 400 else [f"{HOME}{n + 1}", f"{HOME}{n}?for=print"]
        return f"{MENU}\nAbout {word(n)}\nwhich is {word(3 * n)}", links

    fetched = crawl_site(Traps(Budgets(), [HOME]), HOME, shown, chosen=chosen)
    assert len(fetched) < 500


def test_a_parameter_ends_in_no_directory_where_it_makes_a_difference() -> None:
    site = Site()
    for n in range(60):  # most files have the same version in each commit
        commit = f"?id={word(n)}"
        site.visit(f"http://a/commit/{commit}", f"Commit of {word(n)}")
        for file in range(30):
            version = n if file == n % 30 else n - (n - file) % 30
            lines = "\n".join(f"{word(100 * file + version)}{line}" for line in "abcdefgh")
            site.visit(f"http://a/{word(file)}.py{commit}", lines)
    assert not any("commit" in url for url in site.left_out)


def test_a_page_that_no_link_has_without_a_session_is_fetched_with_one() -> None:
    site = Site()
    for tickets in range(1_000, 4_000, 1_000):
        for n in range(400):
            url = f"http://a/view?item={n}&ticket={tickets + n}"
            site.visit(url, f"About {word(n)}\nwhich is {word(3 * n)}")
    assert "a/*?ticket=" in site.traps.found
    assert {url.partition("&")[0] for url in site.fetched} == {
        f"http://a/view?item={n}" for n in range(400)
    }
    assert len(site.fetched) < 700


def test_pages_to_reply_to_a_comment_end_though_each_names_who_wrote_it() -> None:
    site = Site()
    texts = ["\n".join(f"{word(1_000 + 10 * n + line)}x" for line in range(9)) for n in range(200)]
    site.visit(HOME, "Welcome", *(f"http://a/?p={n}" for n in range(200)))
    for n, text in enumerate(texts):  # no post has a path of its own
        links = [f"http://a/?p={n}&replytocom={10 * n + comment}" for comment in range(5)]
        site.visit(f"http://a/?p={n}", text, *links)
    for comment in range(5):
        for n, text in enumerate(texts):
            name = text.split("\n")[comment]
            url = f"http://a/?p={n}&replytocom={10 * n + comment}"
            site.visit(url, f"{text}\nReply to {name}")
    assert all("replytocom" in url for url in site.left_out)
    assert len(site.fetched) < 450


def test_rows_that_stand_in_a_wider_table_are_no_news() -> None:
    """Filters of a table: the longest cell of each choice decides how wide the columns are."""
    dice = random.Random(3)  # noqa: S311 - the same table each time
    cells = [("x" * dice.randrange(2, 20), "y" * dice.randrange(2, 20)) for _ in range(90)]

    def table(rows: list[tuple[str, str]]) -> str:
        wide = max(len(one) for one, _ in rows)
        return "\n".join(f"{one:{wide}} {other}" for one, other in rows)

    traps = Traps(Budgets(), [HOME])
    learn_site(traps, HOME)
    traps.learn(HOME, table(cells), [])
    for n in range(200):
        url = f"http://a/rows?by={n}&of={n % 7}"
        if traps.why_not(url):
            break
        if traps.looks_at(url):
            traps.learn(url, table(dice.sample(cells, 12)), [f"http://a/rows?by={n + 1}&of=0"])
    assert traps.found


def test_sections_of_a_law_are_fetched_that_a_list_and_the_one_before_lead_to() -> None:
    sections, per_page = 1_000, 50
    site = random.Random(1)  # noqa: S311 - the same each time
    texts = [" ".join(site.choices([word(n) for n in range(100)], k=20)) for _ in range(sections)]

    def shown(url: str) -> tuple[str, list[str]]:
        kind, _, last = url.removeprefix(HOME).partition("/")
        n = int(last or 0)
        if kind == "law":
            first = per_page * n
            listed = range(first, first + per_page)
            names = "\n".join(f"§ {each} {word(each)}" for each in listed)
            following = [f"{HOME}law/{n + 1}"] if first + per_page < sections else []
            return f"{MENU}\n{names}", [*(f"{HOME}section/{each}" for each in listed), *following]
        if kind == "section":
            return f"{MENU}\n§ {n} {word(n)}\n{texts[n]}", [f"{HOME}section/{(n + 1) % sections}"]
        return MENU, [f"{HOME}law/0"]

    traps = Traps(Budgets(), [HOME])
    learn_site(traps, HOME, MENU)
    fetched = crawl_site(traps, HOME, shown)
    assert len([url for url in fetched if "/section/" in url]) == sections


@pytest.mark.parametrize("chosen", range(8))
def test_orders_that_combine_are_looked_at_though_the_sample_has_none_of_them(chosen: int) -> None:
    orders = [f"{column}={way}" for column in ("name", "date", "size") for way in ("up", "down")]
    urls = (f"{HOME}?{'&'.join(four)}" for four in itertools.product(orders, repeat=4))
    assert any(is_chosen(url, chosen) for url in urls)
