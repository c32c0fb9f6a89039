"""The fate of one URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from crawlproj.frontier.base import Ack, Entry, Frontier, State
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.scheduling.serialize import key_of_url
from tests.frontier.helpers import claim, put, run
from tests.serve.conftest import NUMBERS
from tests.serve.helpers import Client, config, failure, fill, page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = b'{"headers":{"Referer":["http://a.test/done"],"Cookie":["session=secret"]},"found_at":1764412345}'


def entry(url: str, payload: bytes = b"") -> Entry:
    return Entry(key_of_url(url), "a.test", url, payload)


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.server)])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """Of one process with its file, and of a fleet with its servers."""
    url = f"sqlite:///{tmp_path}/crawl.db"
    if request.param == "redis":
        url = request.getfixturevalue("postgres").create(f"fates{next(NUMBERS)}")
    links = [{"url": "http://a.test/waiting", "text": "wait"}]
    fill(url, [page("http://a.test/done", links=links), failure("http://a.test/failed", "dns")])
    frontier: Frontier
    if request.param == "sqlite":
        frontier, place = SqliteFrontier(tmp_path / "crawl.db"), url
    else:
        redis = request.getfixturevalue("redis")
        frontier, place = RedisFrontier(redis), redis.url
    run(frontier.open("job"))
    put(frontier, *(entry(f"http://a.test/{name}") for name in ("done", "failed")))
    done, failed = claim(frontier)
    run(frontier.write([], [Ack(done.id, State.DONE), Ack(failed.id, State.FAILED, "dns")]))
    put(frontier, entry("http://a.test/before"), entry("http://a.test/waiting", SECRET))
    with serving(config(url, place)) as client:
        yield client
    run(frontier.close())


def fate(client: Client, url: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/urls/{quote(url, safe='')}")
    return found


def test_a_url_that_waits_says_how_many_wait_before_it_and_who_links_to_it(client: Client) -> None:
    found = fate(client, "HTTP://A.test/waiting#part")
    (job,) = found["jobs"]
    assert found["url"] == "http://a.test/waiting"
    assert (job["job"], job["state"], job["ahead"]) == ("job", "pending", 1)
    assert (job["found_by"], job["found_at"]) == ("http://a.test/done", 1764412345)
    assert found["found_on"] == [{"page": "http://a.test/done", "text": "wait"}]
    assert "secret" not in str(found)


def test_a_url_that_has_ended_shows_its_row(client: Client) -> None:
    done, failed = fate(client, "http://a.test/done"), fate(client, "http://a.test/failed")
    assert done["jobs"][0]["state"] in {"done", "ended"}
    assert (done["page"]["status"], done["failure"]) == (200, None)
    assert failed["failure"]["reason"] == "dns"


def test_a_url_that_nobody_knows_is_not_found(client: Client) -> None:
    assert client.problem("/api/urls/http%3A%2F%2Fa.test%2Fnone")["type"].endswith("no-url")
    assert client.problem("/api/urls/nothing")["status"] == 404


def test_without_a_frontier_the_store_still_answers(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/crawl.db"
    fill(url, [page("http://a.test/done")])
    with serving(config(url, f"sqlite:///{tmp_path}/none.db")) as client:
        assert fate(client, "http://a.test/done")["jobs"] is None
