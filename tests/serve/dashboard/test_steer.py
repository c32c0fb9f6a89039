"""Steering by forms."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.frontier.base import Ack, Entry, State
from crawlproj.frontier.commands import Verb
from crawlproj.frontier.finding import controls_of
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from tests.frontier.helpers import claim, put, run
from tests.serve.dashboard.snapshots import live, site
from tests.serve.helpers import config, failure, fill, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from crawlproj.frontier.commands import Record
    from crawlproj.frontier.redis.connection import RedisConfig
from tests.serve.helpers import Client

pytestmark = pytest.mark.slow  # counting the store's rows starts a process

OURS = {"Sec-Fetch-Site": "same-origin"}


class Steered:
    """A service over a frontier with a job, and what was given to it."""

    def __init__(self, url: str, client: Client) -> None:
        self._url = url
        self.client = client

    def post(self, verb: str, headers: Any = OURS, **form: str) -> httpx.Response:
        form = {"job": "job", **form}
        return self.client.ask("POST", f"/steer/{verb}", headers=headers, form=form)

    def last(self) -> Record | None:
        async def history() -> Record | None:
            controls = controls_of(self._url, "job")
            try:
                records = await controls.history(1)
            finally:
                await controls.close()
            return records[0] if records else None

        return run(history())


def frontier_in(folder: Path) -> str:
    """A frontier with two failed URLs and a pending one."""
    frontier = SqliteFrontier(folder / "crawl.db")
    run(frontier.open("job"))
    put(frontier, *(Entry(n, "a.test", f"http://a.test/{n}") for n in (1, 2)))
    acks = [Ack(lease.id, State.FAILED, "timeout") for lease in claim(frontier)]
    run(frontier.write([Entry(3, "b.test", "http://b.test/<b>3")], acks))
    run(frontier.close())
    return f"sqlite:///{folder}/crawl.db"


@pytest.fixture
def steered(tmp_path: Path) -> Iterator[Steered]:
    url = frontier_in(tmp_path)
    with serving(config(url, url)) as client:
        yield Steered(url, client)


@pytest.mark.parametrize(
    ("verb", "form", "arguments", "place"),
    [
        ("pause", {}, {"site": "*"}, "/?job=job&given=1"),
        ("pause", {"site": "a.test"}, {"site": "a.test"}, "/sites/a.test?job=job&given=1"),
        ("resume", {"site": "*.test"}, {"site": "*.test"}, "/?job=job&given=1"),
        ("drain", {"worker": "w:1"}, {"site": "*", "worker": "w:1"}, "/?job=job&given=1"),
        (
            "limit",
            {"site": "a.test", "max": "4", "rate": "0.5", "delay": "", "until": ""},
            {"site": "a.test", "max": 4.0, "rate": 0.5},
            "/sites/a.test?job=job&given=1",
        ),
        (
            "add",
            {"urls": " http://a.test/x \n http://a.test/y", "priority": "5"},
            {"urls": ["http://a.test/x", "http://a.test/y"], "priority": 5},
            "/commands?job=job&given=1",
        ),
    ],
)
def test_a_form_gives_a_command_and_leads_to_where_it_shows(
    steered: Steered, verb: str, form: dict[str, str], arguments: dict[str, Any], place: str
) -> None:
    response = steered.post(verb, **form)

    assert response.status_code == 303, response.text
    assert response.headers["location"] == place
    record = steered.last()
    assert record is not None
    assert record.command.verb == verb
    assert record.command.arguments == arguments
    assert record.command.who == "dashboard@127.0.0.1"
    assert "Command 1 is given" in steered.client.ask("GET", place).text


def test_requeue_shows_what_it_would_change_and_then_changes_exactly_that(
    steered: Steered,
) -> None:
    shown = steered.post("requeue", reason="timeout").text

    assert "2 URLs would change" in shown
    assert "http://a.test/1" in shown
    assert steered.last() is None
    token = shown.partition('name="token" value="')[2].partition('"')[0]
    response = steered.post("requeue", reason="timeout", token=token, confirmed="1")
    assert response.status_code == 303
    record = steered.last()
    assert record is not None
    assert record.command.verb is Verb.REQUEUE
    assert record.command.token == token


def test_a_selection_of_nothing_says_what_may_be_misspelt(steered: Steered) -> None:
    shown = steered.post("requeue", reason="timeuot", site="a.tset").text

    assert "Nothing is selected" in shown
    assert "The job has no site a.tset: did you mean a.test?" in shown
    assert "No URL failed with the reason timeuot: did you mean timeout?" in shown


def test_skip_shows_urls_as_text_before_it_skips_them(steered: Steered) -> None:
    shown = steered.post("skip", pattern="*b.test*").text

    assert "1 URL would change" in shown
    assert "http://b.test/&lt;b&gt;3" in shown
    assert steered.last() is None
    assert steered.post("skip", pattern="*b.test*", confirmed="1").status_code == 303
    record = steered.last()
    assert record is not None
    assert record.command.verb is Verb.SKIP


@pytest.mark.parametrize(
    ("verb", "form", "words"),
    [
        ("limit", {"max": "many"}, "max must be a number"),
        ("limit", {}, "say what to change"),
        ("pause", {"site": "http://a.test/"}, "is not a site"),
        ("pause", {"until": "soon"}, "is not a time"),
        ("skip", {}, "say which URLs to skip"),
        ("skip", {"pattern": "re:("}, "is not an expression that RE2 reads"),
        ("add", {"urls": "<script>"}, "is not a URL to crawl"),
        ("add", {"urls": "http://a.test/", "priority": "1.5"}, "a whole number"),
        ("requeue", {"confirmed": "1"}, "requeue needs a preview"),
    ],
)
def test_what_cannot_be_given_is_a_page_that_says_why(
    steered: Steered, verb: str, form: dict[str, str], words: str
) -> None:
    response = steered.post(verb, **form)

    assert response.status_code == 400
    assert words in response.text
    assert "<script>" not in response.text.partition("<main")[2]
    assert steered.last() is None


def test_an_unknown_verb_and_an_unknown_job_are_refused(steered: Steered) -> None:
    assert steered.post("explode").status_code == 404
    response = steered.post("pause", job="other")
    assert response.status_code == 503
    assert "no job" in response.text


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://x.test"}, {}]
)
def test_a_form_of_another_site_changes_nothing(steered: Steered, headers: dict[str, str]) -> None:
    assert steered.post("pause", headers=headers).status_code == 403
    assert steered.last() is None


@pytest.mark.parametrize("read_only", [False, True])
def test_forms_are_there_unless_the_server_is_read_only(
    tmp_path: Path, read_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = frontier_in(tmp_path)
    fill(url, [failure("http://a.test/1", "timeout")])
    monkeypatch.setattr("crawlproj.serve.api.summary._PATIENCE_S", 0.0)  # as on a busy machine
    with serving(config(url, url, read_only=read_only)) as client:
        for path in ("/failures", "/", "/commands", "/sites/a.test"):
            assert ('method="post"' in client.ask("GET", path).text) is not read_only
        steered = Steered(url, client)
        assert steered.post("pause").status_code == (403 if read_only else 303)
        assert (steered.last() is None) is read_only


@pytest.mark.server
def test_a_crawl_of_a_fleet_is_watched_and_steered_the_same(
    redis: RedisConfig, tmp_path: Path
) -> None:
    frontier = RedisFrontier(redis)
    run(frontier.open("job"))
    put(frontier, Entry(1, "a.test", "http://a.test/1"))
    now = time.time()
    said = live(at=now, sites=(site("a.test"),)).text()
    run(frontier.publish("w:1", now, said, "[]"))
    try:
        with serving(config(f"sqlite:///{tmp_path}/none.db", redis.url)) as client:
            steered = Steered(redis.url, client)
            assert "<b>Running</b>" in client.ask("GET", "/").text
            assert "w:1" in client.ask("GET", "/workers").text
            assert steered.post("pause", site="a.test").status_code == 303
            assert "pause a.test" in client.ask("GET", "/commands").text
    finally:
        run(frontier.close())
