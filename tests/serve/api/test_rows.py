"""Pages and failures, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.serve.api import rows as rows_module
from tests.serve.helpers import Client, config, failure, fill, page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NUMBER = 60


def rows() -> list[Any]:
    pages = [
        page(
            f"http{'s' if n % 2 else ''}://{'ab'[n // 2 % 2]}.test/{n:03}",
            status=404 if n % 10 == 0 else 200,
            title=f"é {n}",
            depth=n % 3,
            fetched_at=1000.0 + n,
            content_hash=f"{n // 30 if n % 30 < 2 else n + 100:032x}",
            content_type="Text/HTML; charset=utf-8" if n % 5 else "application/pdf",
            timings={"dns": 0.5},
            text="x" * 1000,
        )
        for n in range(NUMBER)
    ]
    failures = [failure(f"http://a.test/f{n}", f"http-{500 + n % 2}") for n in range(10)]
    return [*pages, *failures]


@pytest.fixture(scope="module")
def client(store_url: str) -> Iterator[Client]:
    fill(store_url, rows())
    with serving(config(store_url)) as client:
        yield client


def walk(client: Client, path: str, **params: Any) -> list[dict[str, Any]]:
    """Return the items of all answers, one cursor after another."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = client.get(path, **params, **({"cursor": cursor} if cursor else {}))
        assert len(answer["items"]) <= params.get("limit", 100)
        items += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            return items


def numbers(items: list[dict[str, Any]]) -> list[int]:
    return [int(item["url"][-3:]) for item in items]


@pytest.mark.parametrize("limit", [1, 7, 60, 1000])
def test_cursors_visit_every_page_once_in_the_order_of_the_urls(client: Client, limit: int) -> None:
    urls = [item["url"] for item in walk(client, "/api/pages", limit=limit)]
    assert len(urls) == NUMBER
    assert urls == sorted(set(urls))


FILTERS = pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"site": "a.test"}, lambda n: n // 2 % 2 == 0),
        ({"site": "A.test", "status": 404}, lambda n: n // 2 % 2 == 0 and n % 10 == 0),
        ({"prefix": "https://b.test/04"}, lambda n: n // 2 % 2 and n % 2 and n // 10 == 4),
        ({"site": "a.test", "prefix": "http://"}, lambda n: n // 2 % 2 == 0 and n % 2 == 0),
        ({"site": "a.test", "prefix": "http://b"}, lambda n: n < 0),
        ({"depth": 2}, lambda n: n % 3 == 2),
        ({"after": 1010, "before": 1020.5}, lambda n: 10 <= n <= 20),
        ({"content_type": "text/html"}, lambda n: n % 5),
        ({"duplicate": "true"}, lambda n: n % 30 == 1),
        ({"duplicate": "false", "depth": 1}, lambda n: n % 30 != 1 and n % 3 == 1),
    ],
)


@FILTERS
@pytest.mark.parametrize("limit", [2, 100])
def test_filters_let_through_what_they_say(
    client: Client, params: dict[str, Any], expected: Any, limit: int
) -> None:
    found = numbers(walk(client, "/api/pages", limit=limit, **params))
    assert sorted(found) == [n for n in range(NUMBER) if expected(n)]


@FILTERS
def test_answers_whose_time_is_over_at_once_have_the_same_rows_in_the_end(
    client: Client, monkeypatch: pytest.MonkeyPatch, params: dict[str, Any], expected: Any
) -> None:
    monkeypatch.setattr(rows_module, "_BUDGET_S", 0.0)
    found = numbers(walk(client, "/api/pages", **params))
    assert sorted(found) == [n for n in range(NUMBER) if expected(n)]


def test_fields_are_those_that_were_asked_for(client: Client) -> None:
    answer = client.get("/api/pages", fields="title,timings", limit=1)
    assert answer["items"] == [
        {"url": "http://a.test/000", "title": "é 0", "timings": {"dns": 0.5}}
    ]


def test_a_page_is_found_by_its_url(client: Client) -> None:
    found = client.get("/api/pages/http%3A%2F%2Fa.test%2F000")
    assert (found["title"], found["text"]) == ("é 0", "x" * 1000)
    assert "html" not in found
    missing = client.problem("/api/pages/http%3A%2F%2Fa.test%2Fnone")
    assert (missing["status"], missing["type"]) == (404, "urn:crawlproj:problem:no-page")


def test_failures_are_found_by_reason_and_site(client: Client) -> None:
    items = client.get("/api/failures", reason="http-501", site="a.test")["items"]
    assert [item["url"][-1] for item in items] == ["1", "3", "5", "7", "9"]
    assert client.get("/api/failures", site="b.test")["items"] == []


def test_a_missing_store_is_a_problem_that_says_what_to_do(tmp_path: Path) -> None:
    with serving(config(f"sqlite:///{tmp_path}/none.db")) as client:
        problem = client.problem("/api/pages")
        assert problem["status"] == 503
        assert "run a crawl" in problem["detail"]
        fill(f"sqlite:///{tmp_path}/none.db", [page("http://a.test/")])
        assert len(client.get("/api/pages")["items"]) == 1


def test_a_wrong_path_or_method_is_a_problem(client: Client) -> None:
    assert client.problem("/api/nothing")["type"] == "urn:crawlproj:problem:not-found"
    same = {"Sec-Fetch-Site": "same-origin"}
    response = client.ask("POST", "/api/pages", headers=same)
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}
