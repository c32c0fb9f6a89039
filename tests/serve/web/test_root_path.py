"""A server below a path of a host, behind a proxy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import ConfigError
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.serve.config import Listening
from crawlproj.serve.web.root_path import checked_root_path
from tests.frontier.helpers import entry, put, run
from tests.serve.helpers import config, fill, page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.serve.helpers import Client

TOKEN = "0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}", "Accept": "text/html"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    place = f"sqlite:///{tmp_path}/crawl.db"
    fill(place, [page("http://a.test/1", title="one")])
    frontier = SqliteFrontier(tmp_path / "crawl.db")
    run(frontier.open("job"))
    put(frontier, entry(1, "a.test"))
    run(frontier.close())
    with serving(config(place, place, root_path="/x/crawl", token=TOKEN, behind_proxy=True)) as it:
        yield it


@pytest.mark.parametrize(
    "path",
    ["/", "/sites", "/limits", "/workers", "/commands", "/failures", "/search", "/sites/a.test",
     "/url?url=http://a.test/1", "/no-such-page"],
)  # fmt: skip
@pytest.mark.parametrize("prefix", ["", "/x/crawl"])
def test_every_link_leads_below_the_path_whether_the_proxy_takes_it_off_or_not(
    client: Client, path: str, prefix: str
) -> None:
    shown = client.ask("GET", f"{prefix}{path}", headers=BEARER)
    assert shown.status_code in {200, 404}
    assert shown.status_code == (404 if path == "/no-such-page" else 200)
    links = re.findall(r'(?:href|src|action|formaction|data-events)="([^"]*)"', shown.text)
    assert len(links) > 8
    for link in links:
        assert link.startswith(("/x/crawl/", "#", "http://a.test/")), link
    for link in links:
        if "/static/" in link:
            assert client.ask("GET", link).status_code == 200


def test_the_token_sets_a_cookie_of_the_path_and_leads_below_it(client: Client) -> None:
    answer = client.ask("GET", "/sites", params={"token": TOKEN, "q": "a"})
    assert answer.headers["location"] == "/x/crawl/sites?q=a"
    assert "Path=/x/crawl/;" in answer.headers["set-cookie"]
    asks = client.ask("GET", "/sites", headers={"Accept": "text/html"})
    assert 'action="/x/crawl/sites"' in asks.text


def test_a_form_leads_below_the_path_and_the_log_has_the_address_that_the_proxy_saw(
    client: Client,
) -> None:
    headers = {**BEARER, "X-Forwarded-For": "10.0.0.1, 192.0.2.7"}
    given = client.ask("POST", "/steer/pause", headers=headers, form={"job": "job"})
    assert given.headers["location"].startswith("/x/crawl/?")
    assert "dashboard@192.0.2.7" in client.ask("GET", "/commands", headers=BEARER).text


def test_the_description_names_the_path(client: Client) -> None:
    assert client.ask("GET", "/api/openapi.json", headers=BEARER).json()["servers"] == [
        {"url": "/x/crawl"}
    ]


@pytest.mark.parametrize("path", ["crawl", "//evil.test", "/a b", "/a?b", "/a/../b/\n", "/é"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="--root-path"):
        Listening.checked(host="127.0.0.1", port=1, token="", root_path=path)


@pytest.mark.parametrize(("given", "kept"), [("", ""), ("/", ""), ("/a/", "/a"), ("/a/b", "/a/b")])
def test_a_slash_at_its_end_says_nothing(given: str, kept: str) -> None:
    assert checked_root_path(given) == kept
