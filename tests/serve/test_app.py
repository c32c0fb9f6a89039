"""The application as a whole: every endpoint is behind every check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.serve.helpers import config, fill, page, serving

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "0123456789abcdef"


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/crawl.db"
    fill(url, [page("http://a.test/", title="<script>alert(1)</script>")])
    return url


def test_with_a_token_every_path_needs_it_even_one_that_is_not_there(url: str) -> None:
    with serving(config(url, token=TOKEN)) as client:
        for path in ("/api/pages", "/api/openapi.json", "/", "/nothing"):
            assert client.ask("GET", path).status_code == 401, path
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert client.ask("GET", "/api/pages", headers=bearer).status_code == 200
        described = client.ask("GET", "/api/openapi.json", headers=bearer).json()
        assert described["security"] == [{"token": []}]


def test_read_only_still_takes_queries_and_nothing_else_by_post(url: str) -> None:
    with serving(config(url, read_only=True)) as client:
        refused = client.ask("POST", "/api/pages", headers={"Sec-Fetch-Site": "same-origin"})
        assert refused.json()["type"] == "urn:crawlproj:problem:read-only"
        wrong = client.ask("POST", "/api/query", json={})  # read, and found wrong
        assert wrong.json()["type"] == "urn:crawlproj:problem:bad-body"


def test_every_answer_has_the_headers_that_keep_a_browser_safe(url: str) -> None:
    with serving(config(url)) as client:
        for path in ("/api/pages", "/api/pages?x=1", "/api/nothing"):
            headers = client.ask("GET", path).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
        rebound = client.ask("GET", "/api/pages", headers={"Host": "evil.test"})
        assert (rebound.status_code, "content-security-policy" in rebound.headers) == (421, True)


def test_what_came_from_a_page_is_json_and_never_markup(url: str) -> None:
    with serving(config(url)) as client:
        response = client.ask("GET", "/api/pages")
        assert response.headers["content-type"] == "application/json"
        assert response.json()["items"][0]["title"] == "<script>alert(1)</script>"
        echo = client.ask("GET", "/api/pages", params={"<script>": "1"})
        assert echo.headers["content-type"] == "application/problem+json"


def test_no_answer_shows_a_password_or_where_the_files_are(tmp_path: Path) -> None:
    secret = "postgresql://u:hunter2@127.0.0.1:9/db"
    with serving(config(secret)) as client:
        for path in ("/api/summary", "/api/openapi.json"):
            assert "hunter2" not in client.ask("GET", path).text
