"""Search has one syntax and one meaning over both stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.store.url import store_from_url
from tests.frontier.helpers import run
from tests.serve.helpers import Client, config, fill, page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crawlproj.store.base import Row

PAGES = [
    page("http://a.test/1", title="The red fox", text="A quick brown beast jumps over a lazy dog."),
    page("http://a.test/2", title="Dogs", text="The dog sleeps. Foxes are not dogs; a fox is."),
    page("http://a.test/3", title="Paths", text="See /usr/local/bin, mail@example.org, v2_final."),
    page("http://b.test/4", title="Straße", text="Über die Straße läuft ein FUCHS: naïve, 日本語."),
    page("https://a.test/5", title="Empty", text=""),
    page("http://a.test/6", title=None, text=None),
    page("http://b.test/7", title="<b>fox</b>", text="<script>alert('fox')</script> & \x02fox\x03"),
]


def store(url: str, rows: Sequence[Row], *, search: bool = True) -> None:
    made = store_from_url(url, search=search)
    run(made.open())
    assert not run(made.write(rows)).rejected
    run(made.close())


@pytest.fixture(scope="module")
def client(store_url: str) -> Iterator[Client]:
    fill(store_url, PAGES[:2])  # before there was an index
    store(store_url, PAGES[2:])
    with serving(config(store_url)) as client:
        yield client


def found(client: Client, q: str, **more: Any) -> set[int]:
    return {int(item["url"][-1]) for item in client.get("/api/search", q=q, **more)["items"]}


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("dog", {1, 2}),
        ("DOG", {1, 2}),
        ("dog fox", {1, 2}),  # in title or text
        ("lazy dog", {1}),
        ('"lazy dog"', {1}),
        ('"dog lazy"', set()),
        ("fox*", {1, 2, 7}),
        ('"quick bro*"', set()),
        ('"quick bro"*', {1}),
        ("fox -foxes", {1, 7}),
        ('dog -"lazy dog"', {2}),
        ("local/bin", {3}),
        ("bin/local", set()),
        ("mail@example.org", {3}),
        ("example", {3}),
        ("final", {3}),
        ("straße", {4}),
        ("strasse", set()),
        ("über", {4}),
        ("uber", set()),
        ("fuchs", {4}),
        ("naïve", {4}),
        ("empty", {5}),
        ("script", {7}),
        ("'); DROP TABLE pages; --", set()),
        ("NOT dog", {2}),  # two words
        ('dog" OR "', set()),
        ("title:fox", set()),
    ],
)
def test_a_query_finds_what_it_says(client: Client, q: str, expected: set[int]) -> None:
    assert found(client, q) == expected


def test_search_keeps_to_a_site_or_a_prefix(client: Client) -> None:
    assert found(client, "fox", site="b.test") == {7}
    assert found(client, "dog", prefix="http://a.test/2") == {2}
    assert found(client, "empty", site="a.test") == {5}


@pytest.mark.parametrize("q", ["-dog", '""', "*", "?!", " ".join(["word"] * 21)])
def test_a_query_that_looks_for_nothing_or_too_much_is_answered_with_what_to_write(
    client: Client, q: str
) -> None:
    problem = client.problem("/api/search", q=q)
    assert (problem["status"], problem["parameter"]) == (400, "q")


def test_what_matches_is_marked_and_text_stays_text(client: Client) -> None:
    (item,) = client.get("/api/search", q="lazy")["items"]
    assert {"text": "lazy", "match": True} in item["snippet"]
    assert "".join(part["text"] for part in item["snippet"]).startswith("A quick brown")
    (hostile,) = client.get("/api/search", q="alert")["items"]
    assert hostile["title"] == "<b>fox</b>"
    text = "".join(part["text"] for part in hostile["snippet"])
    assert "alert" in text  # PostgreSQL leaves tags out of it
    assert "\x02" not in text


def test_a_page_with_the_word_in_its_title_comes_first(client: Client) -> None:
    items = client.get("/api/search", q="dogs")["items"]
    assert items[0]["url"] == "http://a.test/2"


def test_cursors_visit_every_hit_once(client: Client) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get("/api/search", q="fox*", limit=1, **cursor)
        seen += [item["url"] for item in answer["items"]]
        if answer["next"] is None:
            break
        cursor = {"cursor": answer["next"]}
    assert len(seen) == len(set(seen)) == 3


def test_an_index_follows_the_page_in_the_transaction_that_stores_it(store_url: str) -> None:
    url = "http://c.test/9"
    with serving(config(store_url)) as client:
        store(store_url, [page(url, title="old", text="ephemeral")])
        assert found(client, "ephemeral") == {9}
        store(store_url, [page(url, title="new", text="lasting")], search=False)
        assert found(client, "ephemeral") == set()
        assert found(client, "lasting new") == {9}


def test_without_an_index_the_answer_says_how_to_get_one(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    other = f"sqlite:///{tmp_path}/plain.db"
    fill(other, PAGES[:1])
    with serving(config(other)) as client:
        problem = client.problem("/api/search", q="fox")
        assert (problem["status"], "STORE_SEARCH=1" in problem["detail"]) == (503, True)


def test_without_an_index_postgresql_says_so_too(postgres: Any) -> None:
    other = postgres.create("unsearched")
    fill(other, PAGES[:1])
    with serving(config(other)) as client:
        assert "STORE_SEARCH=1" in client.problem("/api/search", q="fox")["detail"]


def test_words_that_are_everywhere_are_bounded_and_the_answer_says_so(store_url: str) -> None:
    many = [
        page(f"http://d.test/{n:04}", title="rare" if n == 7 else "common", text="everywhere here")
        for n in range(3100)
    ]
    store(store_url, many)
    with serving(config(store_url)) as client:
        answer = client.get("/api/search", q="everywhere", limit=100)
        assert answer["bounded"] is True
        assert len(answer["items"]) == 100
        seen: set[str] = set()
        while True:
            seen |= {item["url"] for item in answer["items"]}
            if answer["next"] is None:
                break
            more = {"limit": 100, "cursor": answer["next"]}
            answer = client.get("/api/search", q="everywhere", **more)
        assert len(seen) in {1000, 1001}  # one more is looked at to know that there are more
        common = client.get("/api/search", q="common everywhere", site="d.test", limit=5)
        assert len(common["items"]) == 5
        assert common["bounded"] is True
        rare = client.get("/api/search", q="rare everywhere", limit=5)
        assert [item["url"] for item in rare["items"]] == ["http://d.test/0007"]
        assert rare["bounded"] is False
