"""The sieve before requests are built."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from crawlproj.scheduling.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator

URLS = [f"https://a.example/{n}" for n in range(6)]


def test_what_was_added_is_not_missing() -> None:
    seen = Seen()
    seen.add(URLS[1])
    assert list(seen.missing(URLS[:3])) == [URLS[0], URLS[2]]


def test_a_url_added_in_the_meantime_is_not_missing_when_its_turn_comes() -> None:
    seen = Seen()
    missing = seen.missing(URLS[:3])
    assert next(missing) == URLS[0]
    seen.add(URLS[1])
    assert list(missing) == [URLS[2]]


def test_pages_that_share_their_links_divide_them() -> None:
    seen = Seen()
    one, other = seen.missing(URLS[:4]), seen.missing(URLS[:4])
    assert [next(one), next(other), next(one), next(other)] == URLS[:4]


def test_a_url_that_another_page_yielded_but_that_was_dropped_is_yielded_again() -> None:
    seen = Seen()
    one, other = seen.missing(URLS[:2]), seen.missing(URLS[:2])
    assert next(one) == URLS[0]
    seen.add(next(other))
    assert list(other) == [URLS[0]]


def test_an_abandoned_page_holds_no_url_back() -> None:
    seen = Seen()
    one = seen.missing(URLS)
    next(one)
    one.close()
    assert next(seen.missing(URLS)) == URLS[0]


def test_the_older_half_is_forgotten_first() -> None:
    seen = Seen(size=2)
    for url in URLS[:5]:
        seen.add(url)
    assert list(seen.missing(URLS[:5])) == URLS[:2]


@given(
    pages=st.lists(st.lists(st.sampled_from(URLS), max_size=8), max_size=4),
    dropped=st.sets(st.sampled_from(URLS)),
    turns=st.randoms(use_true_random=False),
)
def test_every_page_yields_what_was_not_added_whatever_happens_in_between(
    pages: list[list[str]], dropped: set[str], turns: object
) -> None:
    seen = Seen()
    running: list[tuple[list[str], set[str], Iterator[str]]] = [
        (page, set(), seen.missing(page)) for page in pages
    ]
    while running:
        turn = turns.choice(running)  # type: ignore[attr-defined]
        page, offered, missing = turn
        given_out = list(islice(missing, 1))
        offered.update(given_out)
        for url in given_out:
            if url not in dropped:
                seen.add(url)
        if not given_out:
            running.remove(turn)
            # Nothing is lost: each link was offered by this page, or is remembered by now.
            assert all(url in offered or url in seen for url in page)
