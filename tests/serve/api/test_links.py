"""All links to a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.serve.api.test_rows import walk
from tests.serve.helpers import Client, config, fill, page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = "http://a.test/"
PAGES = 45


@pytest.fixture(scope="module")
def client(store_url: str) -> Iterator[Client]:
    links = [
        {"url": HOME, "text": "home", "rel": "nofollow"},
        {"url": "http://a.test/other", "text": "other"},
        {"url": HOME, "text": "Home again"},
    ]
    fill(store_url, [page(f"http://a.test/{n:02}", links=links) for n in reversed(range(PAGES))])
    with serving(config(store_url)) as client:
        yield client


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_cursors_visit_every_link_once_in_the_order_of_the_pages(
    client: Client, limit: int
) -> None:
    found = [
        (item["page"], item["position"])
        for item in walk(client, "/api/links", url=HOME, limit=limit)
    ]
    assert found == [(f"http://a.test/{n:02}", at) for n in range(PAGES) for at in (0, 2)]


def test_a_link_has_its_text_and_its_rel(client: Client) -> None:
    first = client.get("/api/links", url="HTTP://A.test#top", limit=1)["items"]
    assert first == [{"page": "http://a.test/00", "position": 0, "text": "home", "rel": "nofollow"}]


def test_a_url_that_nothing_links_to_has_no_links(client: Client) -> None:
    assert client.get("/api/links", url="http://a.test/none") == {"items": [], "next": None}


def test_the_url_must_be_given(client: Client) -> None:
    assert client.problem("/api/links")["parameter"] == "url"
