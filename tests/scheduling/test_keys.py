from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request

from crawlproj.scheduling.serialize import SEED, key_of
from tests.scheduling.some_keys import keys

if TYPE_CHECKING:
    from crawlproj.scheduling.keys import Keys

URL = "http://www.example.org/"


def test_a_request_that_is_not_filtered_has_a_key_of_its_own_each_time() -> None:
    it, request = keys(), Request(URL, dont_filter=True)
    assert len({it.of(request) for _ in range(3)} | {key_of(request)}) == 4


def seeds(it: Keys, *urls: str) -> list[int]:
    return [it.of(Request(url, dont_filter=True, meta={SEED: True})) for url in urls]


def test_seeds_that_are_not_filtered_have_the_same_keys_in_the_next_run() -> None:
    first = seeds(keys(), URL, URL, f"{URL}a", URL)
    assert len({*first, key_of(Request(URL))}) == 5
    other_order = seeds(keys(), f"{URL}a", URL, URL, URL)
    assert set(other_order) == set(first)


def test_a_filtered_seed_has_the_key_of_a_link_to_it() -> None:
    assert keys().of(Request(URL, meta={SEED: True})) == key_of(Request(URL))


def test_without_a_filter_every_request_has_a_key_of_its_own() -> None:
    it = keys(filtering=False)
    assert it.of(Request(URL)) != it.of(Request(URL))
    assert not it.is_filtered(Request(URL))
