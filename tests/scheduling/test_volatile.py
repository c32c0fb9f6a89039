from __future__ import annotations

import pytest
from scrapy import Request

from crawlproj.frontier.base import Entry
from crawlproj.scheduling.volatile import (
    Source,
    fate_of,
    is_volatile,
    source_of,
    volatile_entry,
)

PAGE = Entry(5, "a.example", "http://a.example/list", '{"meta":{"é":"\\"x"}}'.encode(), 7)
CHILD = Request("http://b.example/file", priority=3)


def test_an_entry_of_an_unstorable_request_names_the_page_that_gave_it() -> None:
    entry = volatile_entry(CHILD, 9, PAGE)
    assert is_volatile(entry)
    assert (entry.key, entry.site, entry.url, entry.priority) == (9, "b.example", CHILD.url, 3)
    assert source_of(entry, 11) == Entry(11, PAGE.site, PAGE.url, PAGE.payload, PAGE.priority)
    assert fate_of(PAGE) == "its page is fetched again"


def test_a_page_whose_own_request_was_in_memory_cannot_be_asked_again() -> None:
    page = volatile_entry(CHILD, 9, PAGE)
    assert source_of(volatile_entry(CHILD, 10, page), 11) is Source.UNKNOWN
    assert fate_of(page) == "lost"


@pytest.mark.parametrize("source", Source)
def test_an_entry_says_which_other_source_its_request_had(source: Source) -> None:
    assert source_of(volatile_entry(CHILD, 9, source), 11) is source


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"meta":{"volatile":true}}', PAGE.payload])
def test_a_stored_request_is_not_volatile(payload: bytes) -> None:
    assert not is_volatile(Entry(1, "a.example", "http://a.example/", payload))


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b',"page":"http://a.example/"}',
        b',"page":[1,2,3,4]}',
        b',"page":["a","b","c"]}',
        b',"page":["a","b","\\ud800",1]}',
        b',"page":' + b"[" * 100_000,
    ],
)
def test_an_odd_payload_that_others_wrote_names_no_source(rest: bytes) -> None:
    odd = Entry(1, "a.example", "http://a.example/", b'{"volatile":true' + rest)
    assert source_of(odd, 2) is Source.UNKNOWN
