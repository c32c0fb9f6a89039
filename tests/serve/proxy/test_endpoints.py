"""Named queries of a user's own database, over HTTP."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest

from crawlproj.serve.proxy.queries import load_queries
from tests.serve.helpers import Client, config, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUERIES = """
[orders]
sql = "SELECT id, total FROM orders WHERE customer = :customer ORDER BY id"
order_by = ["id"]
limit = 2
cache = 60

[orders.parameters]
customer = { type = "integer", min = 1 }

[count]
sql = "SELECT count(*) AS number FROM orders"

[broken]
sql = "SELECT nothing FROM orders"

[writing]
sql = "DELETE FROM orders"

[endless]
sql = '''
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000000)
SELECT count(*) FROM c'''
seconds = 0.2
"""
ORDERS = [(n, n % 2 + 1, n * 10) for n in range(6)]
TABLE = "CREATE TABLE orders (id INTEGER, customer INTEGER, total INTEGER)"


def make(url: str) -> None:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as db:
            db.execute(TABLE)
            db.executemany("INSERT INTO orders VALUES (?, ?, ?)", ORDERS)
            db.commit()
    else:
        with psycopg.connect(url) as server, server.cursor() as cursor:
            cursor.execute(TABLE)
            cursor.executemany("INSERT INTO orders VALUES (%s, %s, %s)", ORDERS)


def add_order(url: str) -> None:
    order = "INSERT INTO orders VALUES (9, 1, 5)"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as db:
            db.execute(order)
            db.commit()
    else:
        with psycopg.connect(url) as server:
            server.execute(order)


@pytest.fixture(scope="module")
def client(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    make(store_url)
    file: Path = tmp_path_factory.mktemp("queries") / "queries.toml"
    file.write_text(QUERIES)
    of = replace(
        config("sqlite:///none.db"), database_url=store_url, queries=tuple(load_queries(file))
    )
    with serving(of) as client:
        yield client


def test_a_named_query_is_an_endpoint_with_checked_parameters(client: Client) -> None:
    answer = client.get("/api/queries/orders", customer=2)
    assert answer.pop("next")
    assert answer == {"columns": ["id", "total"], "rows": [[1, 10], [3, 30]], "cut": "rows"}
    assert client.problem("/api/queries/orders", customer=0)["parameter"] == "customer"
    assert client.problem("/api/queries/orders")["parameter"] == "customer"
    assert client.problem("/api/queries/orders", customer=1, extra=2)["parameter"] == "extra"
    assert client.problem("/api/queries/nothing")["status"] == 404


def test_a_named_query_with_an_order_goes_on_where_it_was_cut(client: Client) -> None:
    first = client.get("/api/queries/orders", customer=2)
    rest = client.get("/api/queries/orders", customer=2, cursor=first["next"])
    assert (rest["rows"], rest["cut"], rest["next"]) == ([[5, 50]], None, None)
    assert client.problem("/api/queries/orders", customer=2, cursor="x")["parameter"] == "cursor"
    assert client.problem("/api/queries/count", cursor="x")["parameter"] == "cursor"


def test_the_description_and_the_list_have_every_query(client: Client) -> None:
    described = client.get("/api/openapi.json")["paths"]["/api/queries/orders"]["get"]
    assert described["parameters"][0]["schema"]["minimum"] == 1
    listed = client.get("/api/queries")
    assert [item["name"] for item in listed["items"]][:2] == ["orders", "count"]
    assert listed["lanes"]["fast"]["limit"] >= 1


def test_an_answer_is_kept_for_its_time_and_has_a_tag(client: Client, store_url: str) -> None:
    first = client.ask("GET", "/api/queries/orders", params={"customer": 1})
    before = client.ask("GET", "/api/queries/count")
    add_order(store_url)
    again = client.ask("GET", "/api/queries/orders", params={"customer": 1})
    assert again.headers["crawlproj-lane"] == "cache"
    assert again.content == first.content
    assert again.headers["cache-control"].startswith("private, max-age=")
    known = {"If-None-Match": first.headers["etag"]}
    third = client.ask("GET", "/api/queries/orders", params={"customer": 1}, headers=known)
    assert (third.status_code, third.content) == (304, b"")
    # Without a cache the answer is new, and so is its tag.
    after = client.ask("GET", "/api/queries/count")
    assert after.json()["rows"][0][0] == before.json()["rows"][0][0] + 1
    assert after.headers["etag"] != before.headers["etag"]
    assert after.headers["cache-control"] == "no-store"


def test_a_query_that_is_wrong_or_writes_is_a_problem(client: Client) -> None:
    assert client.problem("/api/queries/broken")["type"].endswith(":refused")
    assert client.problem("/api/queries/writing")["type"].endswith(":refused")


def test_a_query_ends_after_its_own_seconds(client: Client) -> None:
    problem = client.problem("/api/queries/endless")
    assert (problem["status"], "0.2 s" in problem["detail"]) == (504, True)


def test_the_page_of_limits_shows_the_lanes_of_the_database(client: Client) -> None:
    found = client.ask("GET", "/limits").text
    for lane in ("fast", "slow", "your database: fast", "your database: slow"):
        assert f">{lane}, at most" in found
