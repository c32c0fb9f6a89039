"""Limits, stores and frontiers of other packages, by dotted path and by entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scrapy.settings import Settings

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.errors import ConfigError
from crawlproj.frontier.url import frontier_from_url
from crawlproj.scheduling.site_config import ConcurrencyConfig
from crawlproj.store.url import store_from_url
from tests.plugin_parts import Lines, Listed, One
from tests.processes import options, scrapy

if TYPE_CHECKING:
    from pathlib import Path

HERE = "tests.plugin_parts"


def concurrency(**settings: Any) -> ConcurrencyConfig:
    return ConcurrencyConfig.from_settings(Settings(settings))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a distribution with an entry point "tiny" in each group, and a broken one."""
    info = tmp_path / "tiny-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        f"[crawlproj.limits]\ntiny = {HERE}:One\n"
        f"[crawlproj.store]\ntiny = {HERE}:Lines\ngone = {HERE}:Gone\n"
        f"[crawlproj.frontier]\ntiny = {HERE}:Listed\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize("name", [f"{HERE}.One", "tiny"])
@pytest.mark.usefixtures("installed")
def test_a_limit_of_another_package_limits_all_sites_or_some(name: str) -> None:
    assert concurrency(CONCURRENCY_LIMIT=name).default.limit is One
    some = concurrency(CONCURRENCY_SITES={"a.test": {"limit": name}})
    assert some.of("a.test").limit is One
    assert some.default.limit is not One
    assert some.control("a.test").limit == 1.0


@pytest.mark.parametrize("name", [f"{HERE}.Lines", "tiny"])
@pytest.mark.usefixtures("installed")
def test_a_store_of_another_package_gets_the_whole_url(name: str) -> None:
    store = store_from_url(f"{name}:out.txt")
    assert isinstance(store, Lines)
    assert store.path == "out.txt"


@pytest.mark.parametrize("name", [f"{HERE}.Listed", "tiny"])
@pytest.mark.usefixtures("installed")
def test_a_frontier_of_another_package_gets_the_whole_url_and_the_clock(name: str) -> None:
    frontier = frontier_from_url(f"{name}://u:p@host/x", clock=lambda: 7.0)
    assert isinstance(frontier, Listed)
    assert frontier.url == f"{name}://u:p@host/x"
    assert frontier._clock() == 7.0


@pytest.mark.usefixtures("installed")
def test_an_unknown_name_is_answered_with_the_names_there_are() -> None:
    with pytest.raises(ConfigError, match=r"LIMIT is 'tinny': choose from knee, .*, fixed, tiny,"):
        concurrency(CONCURRENCY_LIMIT="tinny")
    with pytest.raises(ConfigError, match=r"'duck:x': choose from sqlite:, .*, gone:, tiny:, or"):
        store_from_url("duck:x")
    with pytest.raises(ConfigError, match=r"'duck:x': choose from sqlite:, .*, unix:, tiny:, or"):
        frontier_from_url("duck:x")


@pytest.mark.parametrize(
    ("url", "missing"),
    [
        ("no_such_package.Store:x", "No module named 'no_such_package'"),
        (f"{HERE}.Duck:x", f"module '{HERE}' has no attribute 'Duck'"),
        ("gone:x", f"which stands for {HERE}.Gone, .*has no attribute 'Gone'"),
    ],
)
@pytest.mark.usefixtures("installed")
def test_what_cannot_be_imported_is_named_with_the_cause(url: str, missing: str) -> None:
    with pytest.raises(ConfigError, match=f"STORE_URL is '{url}'.*{missing}"):
        store_from_url(url)


def test_what_does_not_keep_the_contract_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"not a Store but str: derive it from crawlproj\.store"):
        store_from_url(f"{HERE}.not_a_store:x")
    with pytest.raises(ConfigError, match=r"not a Frontier but str"):
        frontier_from_url(f"{HERE}.not_a_frontier:x")
    with pytest.raises(ConfigError, match=r"not a subclass of crawlproj\.limits\.base\.Limit"):
        concurrency(CONCURRENCY_LIMIT=f"{HERE}.Lines")


@pytest.mark.parametrize("url", ["s3c.ret:x@host", "a_b.Store://me:s3cret@host/x", "s3 c.r:x"])
def test_an_error_about_a_plugin_contains_no_secret(url: str) -> None:
    for build in (store_from_url, frontier_from_url):
        with pytest.raises(ConfigError) as raised:
            build(url)
        assert "s3cret" not in str(raised.value)
        assert "s3 c" not in str(raised.value)


@pytest.mark.slow
def test_a_crawl_with_plugins_for_everything_stores_each_page(tmp_path: Path) -> None:
    listed = tmp_path / "urls.txt"
    with DemoWeb([SiteSpec("plain", "plain", 20)], tmp_path / "access.log") as web:
        status, output = scrapy(
            *("crawl", "site", "-a", f"url={web.url('plain')}"),
            *options(
                {
                    "CONCURRENCY_LIMIT": f"{HERE}.One",
                    "FRONTIER_URL": f"{HERE}.Listed:",
                    "STORE_URL": f"{HERE}.Lines:{listed}",
                    "GUARD_ALLOW": "127.0.0.0/8",
                }
            ),
        )
    assert status == 0, output
    assert len(set(listed.read_text().split())) >= 15


@pytest.mark.slow
def test_the_status_of_a_frontier_of_another_package_is_not_read_as_a_file() -> None:
    status, output = scrapy("status", "-s", f"FRONTIER_URL={HERE}.Listed:x")
    assert status == 2
    assert "status reads SQLite and Redis frontiers only" in output
