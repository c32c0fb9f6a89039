"""The application as a whole: every endpoint is behind every check."""

from __future__ import annotations

import re
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


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_browser_without_the_token_is_asked_for_it_and_led_to_where_it_wanted(url: str) -> None:
    with serving(config(url, token=TOKEN)) as client:
        asked = client.ask("GET", "/sites", params={"q": "<b>"}, headers=BROWSER)
        assert asked.status_code == 401
        assert asked.headers["content-type"].startswith("text/html")
        assert asked.headers["www-authenticate"] == "Bearer"
        assert "CRAWLPROJ_SERVE_TOKEN" in asked.text
        assert 'action="/sites"' in asked.text
        assert 'name="q" value="&lt;b&gt;"' in asked.text
        assert "not its token" not in asked.text
        style = re.search(r'href="(/static/\S+\.css)"', asked.text)
        assert style
        assert client.ask("GET", style[1]).status_code == 200
        wrong = client.ask("GET", "/", params={"token": "x" * 16}, headers=BROWSER)
        assert (wrong.status_code, "not its token" in wrong.text) == (401, True)
        assert "x" * 16 not in wrong.text
        api = client.ask("GET", "/api/pages", headers=BROWSER)
        assert api.headers["content-type"].startswith("text/html")
        program = client.ask("GET", "/api/pages")
        assert program.headers["content-type"] == "application/problem+json"


def test_a_browser_gets_a_page_whoever_refuses_or_fails(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(config(url, token=TOKEN)) as client:
        for _ in range(6):
            guessed = client.ask("GET", "/", params={"token": "x"}, headers=BROWSER)
        assert (guessed.status_code, guessed.headers["retry-after"]) == (429, "10")
        rebound = client.ask("GET", "/", headers={**BROWSER, "Host": "evil.test"})
        assert rebound.status_code == 421
    with serving(config(url)) as client:
        missing = client.ask("GET", "/nothing", headers=BROWSER)
        assert (missing.status_code, "there is no such page" in missing.text) == (404, True)
        crossed = client.ask(
            "POST", "/steer/pause", headers={**BROWSER, "Sec-Fetch-Site": "cross-site"}
        )
        assert crossed.status_code == 403

        def fail(*_: object) -> None:
            raise RuntimeError("a fault of ours")

        monkeypatch.setattr("crawlproj.serve.dashboard.page.read_parameters", fail)
        faulty = client.ask("GET", "/sites", headers=BROWSER, raises=False)
        assert (faulty.status_code, "a fault of ours" in faulty.text) == (500, False)
    for answer in (guessed, rebound, missing, crossed, faulty):
        assert answer.headers["content-type"].startswith("text/html"), answer.status_code
        assert "default-src 'none'" in answer.headers["content-security-policy"]


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
