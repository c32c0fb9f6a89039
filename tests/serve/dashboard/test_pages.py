"""The pages without a browser: each answers, and what came from the web is text in all of them."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from crawlproj.frontier.base import Ack, Entry, State
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.store.url import store_from_url
from tests.frontier.helpers import claim, put, run
from tests.serve.helpers import config, failure, fill, page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.serve.helpers import Client

pytestmark = pytest.mark.slow  # counting the store's rows starts a process

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><iframe onload=alert(3)>"
HOSTILE_URL = f"http://a.test/?q={HOSTILE}"


class Elements(HTMLParser):
    """The elements of a page, and the names of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[dict[str, str | None]] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "script":
            self.scripts.append(dict(attrs))
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a service whose store and frontier hold hostile text everywhere."""
    path = tmp_path_factory.mktemp("store") / "crawl.db"
    url = f"sqlite:///{path}"
    store = store_from_url(url, search=True)
    run(store.open())
    rows = [
        page("http://a.test/1", title=HOSTILE, text=f"needle {HOSTILE}", description=HOSTILE),
        page(HOSTILE_URL, title="javascript", text="needle", language=HOSTILE),
        failure("http://a.test/2", HOSTILE[:60], detail=HOSTILE),
        failure("javascript:alert(4)", "scheme", detail="x"),
    ]
    run(store.write(rows))
    run(store.close())
    frontier = SqliteFrontier(path)
    run(frontier.open(f"job {HOSTILE}"))
    put(frontier, Entry(1, "<u>x", HOSTILE_URL), Entry(2, "a.test", "http://a.test/2"))
    (lease,) = claim(frontier, 1)
    run(frontier.write([], [Ack(lease.id, State.FAILED, "<u>reason</u>")]))
    run(frontier.close())
    with serving(config(url, url)) as client:
        yield client


PATHS = (
    "/",
    "/workers",
    "/limits",
    "/limits?kind=%3Cb%3E",
    "/sites",
    "/sites?sort=failed&q=a",
    "/sites/a.test",
    "/sites/%3Cu%3Ex",
    "/failures",
    "/failures?reason=scheme&site=",
    "/search",
    "/search?q=needle",
    "/url",
    "/url?url=http://a.test/1",
    "/url?url=http://a.test/2",
    "/url?url=javascript:alert(4)",
)


@pytest.mark.parametrize("path", PATHS)
def test_hostile_text_stays_text_in_every_page(client: Client, path: str) -> None:
    response = client.ask("GET", path)

    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    found = Elements()
    found.feed(response.text)
    assert [script.keys() for script in found.scripts] == [{"src", "defer"}]
    assert not {"img", "iframe", "u"} & found.tags  # none that is in a value
    assert not any(name.startswith("on") for name in found.attributes)
    assert "style" not in found.attributes  # the policy would block it
    assert not [link for link in found.links if not link.startswith(("/", "#", "http://a.test/"))]


def test_a_page_says_what_is_wrong_with_a_parameter_in_html(client: Client) -> None:
    response = client.ask("GET", "/sites?sort=<b>")

    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/html")
    assert "sort must be one of" in response.text
    assert "<b>" not in response.text


def test_search_marks_what_matches(client: Client) -> None:
    found = client.ask("GET", "/search?q=needle").text

    assert found.count("<mark>needle</mark>") == 2


def test_assets_are_kept_by_browsers_until_they_change(client: Client) -> None:
    found = Elements()
    found.feed(client.ask("GET", "/").text)
    assets = [link for link in found.links if link.startswith("/static/")]

    assert len(assets) == 3
    for path in assets:
        response = client.ask("GET", path)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
    assert client.ask("GET", "/static/0/dashboard.css").status_code == 404


def test_a_browser_gets_pages_for_errors_and_programs_get_problems(client: Client) -> None:
    browser = client.ask("GET", "/nothing", headers={"Accept": "text/html,*/*"})
    assert browser.status_code == 404
    assert "there is no such page" in browser.text
    for path, accept in (("/nothing", "*/*"), ("/api/nothing", "text/html")):
        program = client.ask("GET", path, headers={"Accept": accept})
        assert program.headers["content-type"] == "application/problem+json"


def test_the_report_is_linked_once_it_is_written_and_runs_in_a_sandbox(tmp_path: Path) -> None:
    url, report = f"sqlite:///{tmp_path}/crawl.db", tmp_path / "report.html"
    fill(url, [])
    frontier = SqliteFrontier(tmp_path / "crawl.db")
    run(frontier.open("job"))
    run(frontier.close())
    with serving(replace(config(url, url), report=str(report))) as client:
        assert 'href="/report"' not in client.ask("GET", "/").text
        assert client.ask("GET", "/report").status_code == 404
        report.write_text("<script>1</script>")
        assert 'href="/report"' in client.ask("GET", "/").text
        response = client.ask("GET", "/report")
        assert response.text == "<script>1</script>"
        policy = response.headers["content-security-policy"]
        assert policy.startswith("sandbox allow-scripts")
        assert "allow-same-origin" not in policy


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/", "No crawl yet"),
        ("/sites", "Sites"),
        ("/failures", "Failures"),
        ("/failures?site=a.test", "Failures"),
        ("/search?q=needle", "Search stored pages"),
        ("/url?url=http://a.test/", "What became of a URL"),
    ],
)
def test_before_the_first_crawl_each_page_says_that_there_is_none_in_its_own_place(
    tmp_path: Path, path: str, heading: str
) -> None:
    url = f"sqlite:///{tmp_path}/crawl.db"
    with serving(config(url, url)) as client:
        response = client.ask("GET", path)
    assert response.status_code == 200
    assert f"<h1>{heading}</h1>" in response.text
    assert "run a crawl" in response.text.lower()


def test_nothing_can_be_drained_while_no_crawl_runs(client: Client) -> None:
    for path in ("/", "/sites/a.test", "/commands"):
        text = client.ask("GET", path).text
        assert "/steer/pause" in text
        assert "/steer/drain" not in text
