"""Every model of fetching, in a process of its own, against the lab's site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawlproj.lab.fetch.loads import Load
from crawlproj.lab.fetch.models.table import MODELS
from crawlproj.lab.fetch.models.uring import missing
from crawlproj.lab.fetch.run import run_model
from crawlproj.lab.fetch.site.latency import Latency
from crawlproj.lab.fetch.site.process import LabSite
from crawlproj.lab.fetch.site.targets import LabTarget

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES, IN_FLIGHT = 20, 4
SITES = 8


@pytest.fixture(scope="module")
def site() -> Iterator[LabTarget]:
    with LabSite() as site:
        yield LabTarget(site, Latency.parse("lognormal:10ms,0.5"), page_bytes=5_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_model_fetches_each_page_exactly_once(name: str, site: LabTarget) -> None:
    model = MODELS[name]
    if why := model.missing():
        pytest.skip(f"{name}: {why}")
    load = Load(min(IN_FLIGHT, model.max_in_flight or IN_FLIGHT), workers=2)

    run = run_model(model, load, PAGES, site)  # raises unless the site's counts agree

    assert run.pages == PAGES
    assert run.max_in_flight is not None
    assert run.max_in_flight <= load.in_flight
    assert run.connections_opened is not None
    if model.keeps_connections:
        # robots.txt has a connection of its own; so has a site that passes to another worker.
        robots = load.workers if name == "fleet" else 1
        assert run.connections_opened <= 2 * load.in_flight + robots * SITES
    else:
        assert run.connections_opened == PAGES
    assert 0 < run.efficiency <= 1.01
    assert run.p99_s >= run.p50_s >= 0.002
    assert run.cpu_ms > 0


@pytest.mark.slow
def test_parsing_costs_cpu_for_each_page(site: LabTarget) -> None:
    run = run_model(MODELS["epoll"], Load(IN_FLIGHT, parse_ms=5.0), PAGES, site)

    assert run.cpu_ms >= 4.5


def test_io_uring_is_available_or_says_why_not() -> None:
    why = missing()

    assert why == "" or "io_uring" in why
