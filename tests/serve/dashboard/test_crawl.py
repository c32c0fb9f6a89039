"""The pages of a crawl that runs, from what its workers publish."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette

from crawlproj.report.why import Why
from crawlproj.serve.app import api_endpoints
from crawlproj.serve.dashboard.routes import Dashboard
from crawlproj.serve.service import Service
from crawlproj.serve.web.problems import Problem
from tests.frontier.helpers import run
from tests.serve.dashboard.snapshots import FakeCrawls, live, site, ticks
from tests.serve.dashboard.test_pages import HOSTILE, Elements
from tests.serve.helpers import Client, config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.report.live import Live

pytestmark = pytest.mark.slow  # counting the store's rows starts a process

AWAY = Why("away", "no answer: one request at a time looks whether it is back", 940.0)
SITES = (
    site("a.test", AWAY, in_flight=1, limit=4.0, errors=3),
    site(HOSTILE, Why("asked", HOSTILE, 900.0, 1060.0), pages_per_s=2.5, p99_s=0.333),
)
CRAWL = live(
    pages_per_s=12.5,
    in_flight=7,
    budget=64,
    queued=400,
    pending=400,
    done=1234,
    failed={HOSTILE: 5, "timeout": 2},
    sites=SITES,
    sites_known=10_000,
    cpu=0.25,
)


class Shown:
    """Pages over what workers publish."""

    def __init__(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        folder = tmp_path_factory.mktemp("none")
        self.service = Service.from_config(
            config(f"sqlite:///{folder}/none.db", f"sqlite:///{folder}/none.db")
        )

    def get(self, path: str, *published: tuple[str, Live]) -> str:
        shrinking = ticks(done=5.0, queued=lambda n: 520 - 2 * n, errors={HOSTILE: 0.1})
        crawls = FakeCrawls(published=list(published), ticks_of={"w": shrinking})
        dashboard = Dashboard(self.service, api_endpoints(self.service), crawls, crawls.clock)
        response = Client(Starlette(routes=dashboard.routes())).ask("GET", path)
        assert response.status_code == 200, response.text
        return response.text


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    found = Shown(tmp_path_factory)
    yield found
    run(found.service.close())


def test_the_page_says_how_fast_how_long_what_is_wrong_and_why(shown: Shown) -> None:
    found = shown.get("/", ("w", CRAWL))

    assert "<b>Running</b> for 100 s" in found
    assert "<b>12.5</b> pages/s" in found
    assert "about <b>3 min</b> left" in found
    assert "400 URLs wait, and the queue shrank by 2.0/s" in found
    assert "a.test does not answer." in found
    assert "no answer: one request at a time looks whether it is back since" in found
    assert "These are the 2 busiest of 10,000." in found
    assert found.count("<figure>") == 5


def test_a_crawl_of_which_nothing_is_heard_says_so(shown: Shown) -> None:
    assert "No worker says anything now" in shown.get("/workers")
    assert "<b>Running</b>" in shown.get("/")


def test_each_worker_has_its_own_row_and_the_crawl_adds_them_up(shown: Shown) -> None:
    two = (("w:1", CRAWL), ("w:2", live(workers=("v",), pages_per_s=2.5)))

    found = shown.get("/workers", *two)

    assert found.count('<th scope="row">') == 2
    assert "<b>15.0</b> pages/s" in shown.get("/", *two)


def test_a_crawl_that_fell_silent_promises_no_end(shown: Shown) -> None:
    late = replace(CRAWL, at=980.0)  # it is 1000 now
    found = shown.get("/", ("w", late))
    assert "<b>Silent</b> for 20 s" in found
    assert "left" not in found.partition('id="numbers"')[0]


def test_a_site_shows_what_workers_say_although_the_database_is_late(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late(*_: object, **__: object) -> object:
        raise Problem(HTTPStatus.GATEWAY_TIMEOUT, "out-of-time", "ask for less")

    monkeypatch.setattr("crawlproj.serve.dashboard.api.Api.get", late)
    found = shown.get("/sites/a.test", ("w", CRAWL))
    assert "one request at a time looks whether it is back" in found
    assert "Its counts are not there now" in found


def test_limits_can_be_reduced_to_what_binds(shown: Shown) -> None:
    found = shown.get("/limits?kind=away", ("w", CRAWL))
    # The changes are reduced, too, and of the same job.
    assert 'data-events="/live/limits?kind=away&amp;job=j"' in found

    assert "a.test" in found
    assert "333 ms" not in found
    assert "333 ms" in shown.get("/limits", ("w", CRAWL))


@pytest.mark.parametrize("path", ["/", "/limits", "/workers"])
def test_what_workers_publish_stays_text(shown: Shown, path: str) -> None:
    found = Elements()
    found.feed(shown.get(path, (HOSTILE, CRAWL)))

    assert not {"img", "iframe"} & found.tags
    assert len(found.scripts) == 1
    assert not any(name.startswith("on") for name in found.attributes)
