"""Exports of whole tables."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.serve.helpers import Client, config, failure, fill, page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow  # the slow lane of an SQLite file is a process

NUMBER = 4321  # more than two stretches


@pytest.fixture(scope="module")
def client(store_url: str) -> Iterator[Client]:
    pages = [
        page(f"http://a.test/{n:05}", title=f"=HYPERLINK({n})", status=404 if n % 7 == 0 else 200)
        for n in range(NUMBER)
    ]
    fill(store_url, [*pages, failure("http://a.test/f", "timeout", detail="+1\r\nx")])
    with serving(config(store_url)) as client:
        yield client


def ndjson(client: Client, **params: Any) -> list[dict[str, Any]]:
    response = client.ask("GET", "/api/export/pages", params=params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


def test_an_export_has_every_row_once(client: Client) -> None:
    rows = ndjson(client, fields="title")
    assert [row["url"] for row in rows] == [f"http://a.test/{n:05}" for n in range(NUMBER)]
    assert rows[5] == {"url": "http://a.test/00005", "title": "=HYPERLINK(5)"}


def test_an_export_goes_on_after_the_last_row(client: Client) -> None:
    first = ndjson(client, status=404, limit=100)
    assert len(first) == 100
    rest = ndjson(client, status=404, after_url=first[-1]["url"])
    assert len(first) + len(rest) == len(range(0, NUMBER, 7))
    assert ndjson(client, after_url="http://z.test/") == []


def test_csv_has_one_heading_and_nothing_that_a_spreadsheet_runs(client: Client) -> None:
    response = client.ask("GET", "/api/export/pages", params={"format": "csv", "fields": "title"})
    assert response.headers["content-type"].startswith("text/csv")
    assert "pages.csv" in response.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(response.text, newline="")))
    assert rows[:2] == [["url", "title"], ["http://a.test/00000", "'=HYPERLINK(0)"]]
    assert len(rows) == NUMBER + 1
    failures = client.ask("GET", "/api/export/failures", params={"format": "csv"})
    (_, row) = csv.reader(io.StringIO(failures.text, newline=""))
    assert row[:3] == ["http://a.test/f", "timeout", "'+1\r\nx"]


def test_an_export_without_rows_has_its_heading(client: Client) -> None:
    params = {"format": "csv", "fields": "title", "after_url": "http://z.test/"}
    assert client.ask("GET", "/api/export/pages", params=params).text == "url,title\r\n"


def test_an_export_that_cannot_begin_is_a_problem(client: Client) -> None:
    assert client.problem("/api/export/pages", limit=0)["status"] == 400
    with serving(config("sqlite:////nowhere/none.db")) as other:
        for _ in range(10):  # and keeps no place among the exports
            assert other.problem("/api/export/pages")["type"].endswith(":not-there")
