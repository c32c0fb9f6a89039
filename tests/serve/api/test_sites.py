"""The summary and the sites, of a frontier and a store that a crawl writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.frontier.base import Ack, Entry, Frontier, State
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.serve.app import create_app
from crawlproj.serve.service import Service
from tests.frontier.helpers import claim, entry, put, run
from tests.serve.conftest import NUMBERS
from tests.serve.helpers import PATIENT, Client, config, failure, fill, page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow  # counting is the slow lane's work, a process


def crawl(frontier: Frontier) -> None:
    """Ten sites of one to ten entries each; of the last, all but one have ended."""
    run(frontier.open("job"))
    put(
        frontier,
        *(entry(100 * n + m, f"s{n:02}.test") for n in range(1, 11) for m in range(n)),
        Entry(5, "x.test", "http://x.test/"),
    )
    leases = [lease for lease in claim(frontier, per_site=9) if lease.entry.site == "s10.test"]
    acks = [Ack(lease.id, State.DONE) for lease in leases[:5]]
    acks += [Ack(lease.id, State.FAILED, "timeout") for lease in leases[5:8]]
    acks += [Ack(lease.id, State.SKIPPED, "robots") for lease in leases[8:9]]
    run(frontier.write([], acks))


@pytest.fixture(params=["sqlite", "redis"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """Of one process with its file, and of a fleet with its servers."""
    store_url = f"sqlite:///{tmp_path}/crawl.db"
    if request.param == "redis":
        store_url = request.getfixturevalue("postgres").create(f"sites{next(NUMBERS)}")
    fill(
        store_url,
        [page(f"http://s10.test/{n}") for n in range(5)] + [failure("http://s10.test/f", "dns")],
    )
    frontier: Frontier
    if request.param == "sqlite":
        frontier, url = SqliteFrontier(tmp_path / "crawl.db"), store_url
    else:
        redis = request.getfixturevalue("redis")
        frontier, url = RedisFrontier(redis), redis.url
    crawl(frontier)
    with serving(config(store_url, url)) as client:
        yield client
    run(frontier.close())


def test_the_summary_counts_the_store_and_every_job(client: Client) -> None:
    while (answer := client.get("/api/summary"))["store"] is None or answer["frontier"] is None:
        pass
    assert {name: answer["store"][name] for name in ("pages", "failures", "skipped")} == {
        "pages": 5,
        "failures": 1,
        "skipped": 0,
    }
    (job,) = answer["frontier"]["jobs"]
    assert (job["job"], job["generation"], job["finished"], job["sites"]) == ("job", 1, False, 11)
    assert (job["discovered"], job["done"], job["failed"]) == (56, 5, 3)
    assert job["failed_by_reason"] == {"timeout": 3}
    assert answer["lanes"]["slow"]["limit_s"] == PATIENT.slow_s
    assert answer["lanes"]["demoted"] == []


def names(client: Client, **params: Any) -> list[str]:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get("/api/sites", **params, **cursor)
        found += [item["site"] for item in answer["items"]]
        if answer["next"] is None:
            return found
        cursor = {"cursor": answer["next"]}


def test_sites_are_sorted_paged_and_searched(client: Client) -> None:
    by_size = [f"s{n:02}.test" for n in range(10, 0, -1)]
    assert names(client, limit=3) == [*by_size, "x.test"]  # of equal ones, by name
    assert names(client, sort="site", limit=4) == sorted([*by_size, "x.test"])
    assert names(client, sort="done")[0] == "s10.test"
    assert names(client, q="S1") == ["s10.test"]
    assert names(client, q="nowhere") == []
    last = client.get("/api/sites", q="s10")["items"][0]
    assert (last["done"], last["failed_by_reason"], last["skipped_by_reason"]) == (
        5,
        {"timeout": 3},
        {"robots": 1},
    )


def test_a_site_shows_what_the_frontier_and_the_store_have_of_it(client: Client) -> None:
    client.get("/api/sites")  # the frontier has been read
    found = client.get("/api/sites/S10.test")
    assert found["frontier"]["done"] == 5
    assert found["store"]["pages"] == {"count": 5, "more": False}
    assert found["store"]["failures"]["count"] == 1
    assert client.get("/api/sites/x.test")["store"]["pages"]["count"] == 0
    assert client.problem("/api/sites/nowhere.test")["status"] == 404


def test_a_frontier_that_cannot_be_read_is_null_in_the_summary_and_a_problem_elsewhere(
    tmp_path: Path,
) -> None:
    with serving(config(f"sqlite:///{tmp_path}/none.db")) as client:
        assert client.get("/api/summary")["frontier"] is None
        assert "FRONTIER_URL" in client.problem("/api/sites")["detail"]


def test_the_service_ends_while_it_counts(tmp_path: Path) -> None:
    service = Service.from_config(config(f"sqlite:///{tmp_path}/none.db"), PATIENT)
    client = Client(create_app(service))
    client.get("/api/summary")
    run(service.close())
