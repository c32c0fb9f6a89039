"""Traps are found after some pages, and nothing else is taken for one."""

from __future__ import annotations

import itertools
import re
from collections import Counter, deque

import pytest

from crawlproj.content.text import text_of
from crawlproj.content.tree import tree_of
from crawlproj.demo.traps import TRAPS
from crawlproj.links import similar as similar_module
from crawlproj.links.budgets import Budgets
from crawlproj.links.shapes import shapes_of, without_session
from crawlproj.links.similar import SimilarTexts
from crawlproj.links.sitemap import read_sitemap
from crawlproj.links.traps import Traps
from crawlproj.urls import join
from tests.links.trap_web import HOST, WORDS, answer, is_real

REAL = 4_000


class Crawl:
    """Crawls the web of trap_web.py breadth first; ``fetched`` and ``left_out`` are its URLs."""

    def __init__(self, traps: Traps, stop_at: int = 10_000) -> None:
        self._traps = traps
        self._queue: deque[tuple[str, int]] = deque()
        self._known: set[str] = set()
        self.fetched: list[str] = []
        self.left_out: dict[str, str] = {}
        self._put([f"{HOST}/", f"{HOST}/map/0.xml"], 0)
        while self._queue and len(self.fetched) < stop_at:
            self._fetch(*self._queue.popleft())

    def _put(self, urls: list[str], depth: int) -> list[str]:
        urls = [without_session(url) for url in urls]
        new = [url for url in dict.fromkeys(urls) if url not in self._known]
        self._known.update(new)
        self._queue.extend((url, depth) for url in new)
        return new

    def _fetch(self, url: str, depth: int) -> None:
        sitemap = "/map/" in url
        if why := self._traps.why_not(url, depth, sitemap=sitemap):
            self.left_out[url] = why
            return
        self.fetched.append(url)
        body = answer(url, REAL).encode()
        if sitemap:
            self._put([location.url for location in read_sitemap(body)], depth + 1)
            self._traps.learn_sitemap(url, 0)
            return
        tree = tree_of(body, "utf-8", xhtml=False)
        links = [join(url, each.attr("href") or "") for each in tree.select("a")]
        new = self._put([link for link in links if link and ".example.org/" in link], depth + 1)
        if self._traps.looks_at(url):
            text = text_of(tree)
            self._traps.learn(url, text, new, text)


@pytest.mark.slow
@pytest.mark.parametrize("share", [None, 0.9])
def test_twelve_kinds_of_traps_end_and_no_real_page_is_lost(share: float | None) -> None:
    similar = SimilarTexts(share) if share else None
    crawl = Crawl(Traps(Budgets(), [f"{HOST}/"], similar))
    assert sum(map(is_real, crawl.fetched)) == REAL + 1
    assert not any(map(is_real, crawl.left_out))
    late = [url for url in crawl.fetched[1000:] if not is_real(url)]
    assert len(late) <= 0.02 * len(crawl.fetched[1000:]), Counter(map(_kind, late))
    caught = {_kind(url) for url in crawl.left_out}
    sessions = {"/java/", "/php/"}  # these need no catching: without the id, five pages are left
    assert caught == {*TRAPS, "/map/", "farm", "comments"} - sessions
    assert all("had nothing new" in why for why in crawl.left_out.values())


def learn(traps: Traps, url: str, text: str, new: list[str], main_text: str = "") -> None:
    if traps.looks_at(url):
        traps.learn(url, text, new, main_text)


def _kind(url: str) -> str:
    if not url.startswith(HOST):
        return "farm"
    if "replytocom" in url:
        return "comments"
    path = url.removeprefix(HOST)
    return next((trap for trap in (*TRAPS, "/map/") if path.startswith(trap)), path)


@pytest.mark.parametrize(
    ("url", "without"),
    [
        ("http://a/p;jsessionid=0A1B2C?x=1", "http://a/p?x=1"),
        ("http://a/p?PHPSESSID=a1b2c3d4e5&x=1", "http://a/p?x=1"),
        ("http://a/p?x=1&sid=0123456789abcdef", "http://a/p?x=1"),
        ("http://a/p?sid=0123456789abcdef", "http://a/p"),
        ("http://a/p?sid=0123456789abcdef;x=1", "http://a/p?x=1"),
        ("http://a/p?x=1;session_id=0123456789", "http://a/p?x=1"),
        ("http://a/(S(abcdefghijklmnopqrstuvwx))/p", "http://a/p"),
        ("http://a/p?sid=news", "http://a/p?sid=news"),
        ("http://a/p?side=0123456789", "http://a/p?side=0123456789"),
        ("http://a/f(x)=1", "http://a/f(x)=1"),
    ],
)
def test_session_ids_are_no_part_of_a_url(url: str, without: str) -> None:
    assert without_session(url) == without


def test_the_shapes_of_a_url_say_what_varies() -> None:
    assert shapes_of("http://a/shop/list/17?page=2&size=5").all() == [
        "a/shop/list/#?page=&size=",
        "a/shop/list/#?page=&size= (again)",
        "a/*?page=",
        "a/*?size=",
        "a/shop/list/17?*",
        "a/shop/list/*?*",
        "a/shop/*?*",
        "a/*?*",
        "a/shop/list/*",
        "a/shop/*",
        "a/*",
    ]
    assert shapes_of("http://a/").all() == ["a/*"]
    assert shapes_of("http://a/x/y/x/y/x/y/").exact == "a/*x/*y"
    assert shapes_of("http://a/y/x/x/x/y/").exact == "a/*x/*y"
    assert shapes_of("http://a/2026/11/29/").exact == "a/#/#/#/", "a date repeats nothing"
    assert shapes_of("http://a/g?p=x;a=tree").exact == "a/g?a=tree&p=", "a chooses the program"


def _letters(n: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in str(n))


def test_pages_of_which_each_says_something_new_are_no_trap() -> None:
    traps = Traps(Budgets())
    for n in range(2000):
        url = f"http://a/fn.{_letters(n)}.html"
        assert not traps.why_not(url)
        learn(traps, url, f"Menu\nHome\nfn {_letters(n)}\nSource", [])
    assert not traps.found


def test_pages_that_lead_to_others_are_no_trap_though_they_say_nothing_new() -> None:
    traps = Traps(Budgets())
    for n in range(500):
        learn(traps, f"http://a/list?page={n}", "More", [f"http://a/{_letters(n)}.html"])
        learn(traps, f"http://a/{_letters(n)}.html", f"Menu\n{_letters(n)}", [])
    assert not traps.found


def doorway(n: int) -> str:
    """Return one of the pages that are made for each town: a name in every line, and no news."""
    lines = [f"{word} from {_letters(n)} to you" for word in WORDS[:40]]
    return "\n".join(lines)


@pytest.mark.parametrize(("share", "found"), [(None, False), (0.9, True), (1.0, False)])
def test_pages_whose_main_texts_are_nearly_the_same_are_a_trap(
    share: float | None, found: bool
) -> None:
    traps = Traps(Budgets(), similar=SimilarTexts(share) if share else None)
    for n in range(400):
        learn(traps, f"http://a/town/{_letters(n)}.html", f"Menu {n}\n{doorway(n)}", [], doorway(n))
    assert bool(traps.found) is found
    assert bool(traps.why_not("http://a/town/x.html")) is found


def test_sorted_lists_of_a_thousand_directories_end_after_some_of_them() -> None:
    traps, sorts = Traps(Budgets()), [f"?C={by};O={order}" for by in "NMSD" for order in "AD"]
    fetched: list[str] = []
    names = itertools.islice(itertools.product("abcdefghij", repeat=3), 1_000)
    urls = [f"http://files.example/{''.join(name)}/" for name in names]  # of one shape with digits
    for url in (url + sort for url in urls for sort in ("", *sorts)):
        if not traps.why_not(url):
            fetched.append(url)
            name = url.split("/")[3]
            if traps.looks_at(url):
                traps.learn(url, "\n".join(f"file{n}-of-{name}.txt" for n in range(20)), [])
    assert set(urls) <= set(fetched)
    assert len(fetched) < 1_500  # of 9,000


def test_similar_texts_are_forgotten_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar_module, "_MAX_TEXTS", 10)
    similar = SimilarTexts(0.9)
    texts = [" ".join(WORDS[20 * n : 20 * n + 20]) for n in range(12)]
    assert not any(similar.add(text) for text in texts)
    assert similar.add(texts[11])
    assert not similar.add(texts[0])
    assert not similar.add("")


def test_a_page_that_only_a_script_fills_is_not_judged() -> None:
    traps = Traps(Budgets())
    for n in range(500):
        learn(traps, f"http://a/app?id={n}", "", [])
    assert not traps.found


@pytest.mark.parametrize(
    ("budgets", "why"),
    [
        (Budgets(pages=30), "more than 30 pages of a.org"),
        (Budgets(depth=30), "more than 30 links in a row"),
        (Budgets(hosts=30), "more than 30 hosts of b.org"),
    ],
)
def test_a_budget_ends_what_is_always_new(budgets: Budgets, why: str) -> None:
    traps = Traps(budgets, ["http://a.org/"])
    answers = []
    for n in range(100):
        url = f"http://h{n}.b.org/" if budgets.hosts == 30 else f"http://a.org/{n}"
        answers.append(traps.why_not(url, depth=n))
        if not answers[-1]:
            learn(traps, url, _letters(n), [])
    assert set(answers) == {"", why}
    assert answers.index(why) in {30, 31}
    assert not traps.why_not("http://a.org/"), "a start page is fetched"


def test_a_path_without_end_has_an_end() -> None:
    assert re.match("more than 64 segments", Traps(Budgets()).why_not("http://a" + "/b" * 100))


def test_sitemaps_without_an_unknown_url_are_left_out_after_fifty() -> None:
    traps = Traps(Budgets())
    for n in range(49):
        assert not traps.learn_sitemap(f"http://a/{n}.xml", 0)
    assert traps.learn_sitemap("http://a/x.xml", 0) == "a/* (sitemaps)"
    assert traps.why_not("http://a/y.xml", sitemap=True)
    assert not traps.why_not("http://a/page")
