"""Every model of the lab, in a process of its own, against the lab's site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import ConfigError
from crawlproj.lab.fetch.loads import Load
from crawlproj.lab.fetch.models.table import MODELS, Model, chosen
from crawlproj.lab.fetch.models.uring import missing
from crawlproj.lab.fetch.run import measure
from crawlproj.lab.fetch.site.latency import Latency
from crawlproj.lab.fetch.site.process import LabSite
from crawlproj.lab.fetch.site.targets import OwnSite

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES, IN_FLIGHT = 20, 4
SITES = 8


@pytest.fixture(scope="module")
def site() -> Iterator[OwnSite]:
    with LabSite() as site:
        yield OwnSite(site, Latency.parse("lognormal:10ms,0.5"), page_bytes=5_000)


@pytest.mark.parametrize("name", MODELS)
def test_each_model_fetches_each_page_exactly_once(name: str, site: OwnSite) -> None:
    model = MODELS[name]
    if why := model.missing():
        pytest.skip(f"{name}: {why}")
    load = Load(min(IN_FLIGHT, model.most or IN_FLIGHT), workers=2)

    run = measure(model, load, PAGES, site)  # raises unless the site's account agrees

    assert run.pages == PAGES
    assert run.most_in_flight is not None
    assert run.most_in_flight <= load.in_flight
    assert run.opened is not None
    if model.keeps:
        # robots.txt has one of its own. A site that passes from worker to worker gets new ones.
        opened_by = load.workers if name == "fleet" else 1
        assert run.opened <= 2 * load.in_flight + opened_by * SITES
    else:
        assert run.opened == PAGES
    assert 0 < run.efficiency <= 1.01
    assert run.p99_s >= run.p50_s >= 0.002
    assert run.cpu_ms > 0


def test_parsing_costs_each_page_its_cpu(site: OwnSite) -> None:
    run = measure(MODELS["epoll"], Load(IN_FLIGHT, parse_ms=5.0), PAGES, site)

    assert run.cpu_ms >= 4.5


def test_each_module_of_models_is_in_the_table_once() -> None:
    ran = [(model.module, model.function) for model in MODELS.values()]

    assert len(ran) == len(set(ran))
    assert all(name == model.name for name, model in MODELS.items())


def test_a_model_whose_library_is_missing_says_what_to_install() -> None:
    model = Model("x", "x", "nothing", "serial", requires=("no_such_library",))

    assert model.missing() == ("no_such_library is not installed: pip install 'crawlproj[lab]'")


def test_io_uring_says_why_it_cannot_run_or_can() -> None:
    why = missing()

    assert why == "" or "io_uring" in why


def test_models_are_chosen_by_name() -> None:
    assert [model.name for model in chosen(" epoll, asyncio,epoll")] == ["epoll", "asyncio"]
    assert len(chosen("")) == len(MODELS)


def test_an_unknown_model_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="no model 'nginx'; there are: serial, fork"):
        chosen("epoll,nginx")
