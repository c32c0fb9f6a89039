"""The commands, run as users type them."""

from __future__ import annotations

import os
import re
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from crawlproj.commands import lab
from crawlproj.commands.demo import scrapy_command
from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.fleet.server import EmbeddedRedis
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from tests.frontier.helpers import run
from tests.processes import scrapy
from tests.servers import Redis, need

pytestmark = pytest.mark.slow


def site(url: str, database: Path, *more: str) -> tuple[int, str]:
    place = f"sqlite:///{database}"
    return scrapy(
        *("crawl", "site", "-a", f"url={url}", "-s", f"FRONTIER_URL={place}"),
        *("-s", f"STORE_URL={place}", "-s", "GUARD_ALLOW=127.0.0.0/8", "-s", "LOG_LEVEL=ERROR"),
        *more,
    )


def test_status_shows_the_counts_of_each_site_and_a_reset_starts_a_new_generation(
    tmp_path: Path,
) -> None:
    database = tmp_path / "crawl.db"
    with DemoWeb([SiteSpec("plain", "plain", pages=20)], tmp_path / "log") as web:
        for reset, generation in (("0", 1), ("1", 2)):
            code, shown = site(web.url("plain"), database, "-s", f"FRONTIER_RESET={reset}")
            assert (code, f"generation {generation}" in shown) == (0, True), shown
            code, shown = scrapy("status", "-s", f"FRONTIER_URL=sqlite:///{database}")
            assert code == 0, shown
            # Twenty pages; three private pages and the sitemap.
            assert re.search(r"127\.0\.0\.2:\d+ +0 +0 +20 +0 +4 +robots 3", shown)


def test_a_frontier_in_use_or_unusable_ends_with_status_1_and_a_plain_message(
    tmp_path: Path,
) -> None:
    owned, garbage = tmp_path / "owned.db", tmp_path / "garbage.db"
    garbage.write_bytes(b"no database " * 1000)

    async def crawl_while_owned() -> tuple[int, str]:
        frontier = SqliteFrontier(owned)
        await frontier.open("site host http://127.0.0.1:9/")
        try:
            return site("http://127.0.0.1:9/", owned)
        finally:
            await frontier.close()

    for code, shown in (
        run(crawl_while_owned()),
        site("http://127.0.0.1:9/", garbage),
        site("http://127.0.0.1:9/", tmp_path / "missing" / "crawl.db"),
    ):
        assert code == 1, shown
        assert "frontier file" in shown
        assert "Traceback" not in shown


def test_an_unusable_store_ends_with_status_1_and_a_plain_message(tmp_path: Path) -> None:
    code, shown = scrapy(
        *("crawl", "site", "-a", "url=http://127.0.0.1:9/", "-s", "LOG_LEVEL=ERROR"),
        *("-s", "FRONTIER_URL=memory:", "-s", f"STORE_URL=sqlite:///{tmp_path}/missing/a.db"),
    )
    assert code == 1, shown
    assert "check that its folder exists" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("command", ["crawl", "fleet"])
def test_an_argument_that_is_given_twice_is_refused(command: str) -> None:
    code, shown = scrapy(
        *(command, "site", "-a", "url=http://127.0.0.1:9/"),
        *("-a", "exclude=/a/*", "-a", "exclude=/b/*"),
    )
    assert code == 2, shown
    assert "-a exclude is given more than once: write one, with commas" in shown


def test_the_demo_names_a_command_that_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(folder))
    assert scrapy_command() == "scrapy"
    monkeypatch.setenv("PATH", "/nowhere")
    assert Path(scrapy_command()) == folder / "scrapy"
    assert Path(scrapy_command()).exists()


def test_status_shows_a_running_fleet_rather_than_the_file_beside_it(tmp_path: Path) -> None:
    need(Redis.missing())

    async def begin(url: str) -> None:
        frontier = RedisFrontier(RedisConfig(url))
        await frontier.open("of the fleet")
        await frontier.close()

    def status() -> str:
        env = {"SCRAPY_SETTINGS_MODULE": "crawlproj.settings"}
        code, shown = scrapy("status", env=env, folder=tmp_path)
        assert code == 0, shown
        return shown

    run(SqliteFrontier(tmp_path / "crawl.db").open("of the file"))
    with EmbeddedRedis(tmp_path / ".fleet" / "site" / "redis") as server:
        run(begin(server.url))
        during = status()
    assert "of the fleet (generation 1" in during
    assert "of the file" not in during
    assert "of the file (generation 1" in status()


def test_a_command_whose_reader_has_gone_ends_quietly_with_status_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as gone:  # noqa: PTH123 - a descriptor
        monkeypatch.setattr(sys, "stdout", gone)
        command = lab.Command()
        command.run([], Namespace(lab=None))
    assert command.exitcode == 1
