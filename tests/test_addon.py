"""The add-on in another project."""

from __future__ import annotations

import sqlite3
from argparse import ArgumentParser
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from scrapy.settings import Settings
from scrapy.settings.default_settings import SCHEDULER as DEFAULT_SCHEDULER

import crawlproj.settings as ours
from crawlproj.addon import _REPLACED, Addon
from crawlproj.commands import demo, export, migrate, pause, serve, status
from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.errors import ConfigError
from crawlproj.frontier.sqlite.status import read_status
from crawlproj.scheduler import Scheduler
from tests.frontier.helpers import run
from tests.processes import options, scrapy

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

STORE = "crawlproj.pipelines.store.StorePipeline"
PARQUET = "crawlproj.pipelines.parquet.ParquetPipeline"
SPIDER = """
import scrapy

class Theirs(scrapy.Spider):
    name = "theirs"
    custom_settings = {"ADDONS": {"crawlproj.addon.Addon": 300}, "LOG_LEVEL": "WARNING"}

    def __init__(self, base, **arguments):
        super().__init__(**arguments)
        self.start_urls = [base]

    def parse(self, response):
        yield {"url": response.url}
        yield from response.follow_all(css="a[href*=page]")
"""


def with_addon(**theirs: object) -> Settings:
    settings = Settings(theirs)
    Addon().update_settings(settings)
    return settings


def test_the_projects_settings_win_and_its_components_stay() -> None:
    settings = with_addon(
        CONCURRENT_REQUESTS=5,
        DOWNLOADER_MIDDLEWARES={"theirs.Middleware": 543},
        ITEM_PIPELINES={"theirs.Pipeline": 1},
    )
    assert settings.getint("CONCURRENT_REQUESTS") == 5
    assert settings["SCHEDULER"] == "crawlproj.scheduler.Scheduler"
    middlewares = settings.getdict("DOWNLOADER_MIDDLEWARES")
    assert middlewares["theirs.Middleware"] == 543
    assert middlewares["crawlproj.downloadermiddlewares.robots.RobotsTxtMiddleware"] == 100
    assert settings.getdict("ITEM_PIPELINES") == {"theirs.Pipeline": 1}
    assert settings.getbool("COOKIES_ENABLED")
    assert settings["BOT_NAME"] != "crawlproj"
    assert settings["RETRY_GIVE_UP_LOG_LEVEL"] == "ERROR"
    assert settings["FEED_EXPORT_ENCODING"] is None


def test_the_environment_sets_what_the_project_leaves_open_also_what_the_add_on_leaves_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {
        "STORE_URL": "sqlite:///there.db",
        "COOKIES_ENABLED": "0",
        "USER_AGENT": "environment",
        "CONCURRENT_REQUESTS": "7",
        "ITEM_PIPELINES": '{"theirs.Pipeline": 1}',
        "EXTENSIONS": '{"theirs.Extension": 1}',
    }
    for name, value in given.items():
        monkeypatch.setenv(f"CRAWLPROJ_{name}", value)
        monkeypatch.setattr(ours, name, value, raising=False)  # as if imported only now
    settings = with_addon(USER_AGENT="project")
    assert settings["STORE_URL"] == "sqlite:///there.db"
    assert not settings.getbool("COOKIES_ENABLED")
    assert settings["USER_AGENT"] == "project"
    assert settings.getint("CONCURRENT_REQUESTS") == 7
    assert settings.getdict("ITEM_PIPELINES") == {"theirs.Pipeline": 1, STORE: 900}
    assert settings.getdict("EXTENSIONS") == {"theirs.Extension": 1}


@pytest.mark.parametrize("command", [export, migrate, pause, serve, status])
def test_commands_without_a_crawler_read_the_environment_too(
    command: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRAWLPROJ_FRONTIER_URL", "redis://there")
    assert processed(command)["FRONTIER_URL"] == "redis://there"


@pytest.mark.parametrize("command", [demo, export, migrate, pause, serve, status])
def test_commands_that_log_little_report_misspelt_settings_too(
    command: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    processed(command, "-s", "FRONTEIR_URL=redis://there")
    assert "did you mean FRONTIER_URL?" in capsys.readouterr().err


def processed(command: ModuleType, *words: str) -> Settings:
    """Return the settings of a command that was given ``words``."""
    settings = Settings()
    one = command.Command()
    one.settings = settings
    parser = ArgumentParser(conflict_handler="resolve")
    one.add_options(parser)
    one.process_options([], parser.parse_args(words))
    return settings


@pytest.mark.parametrize("too_late", [False, True])
def test_an_event_loop_is_chosen_only_before_the_reactor_is_installed(
    too_late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawlproj.addon.is_reactor_installed", lambda: too_late)
    settings = Settings()
    Addon.update_pre_crawler_settings(settings)
    assert settings["ASYNCIO_EVENT_LOOP"] == (None if too_late else "uvloop.Loop")


@pytest.mark.parametrize(("chosen_at", "kept"), [("addon", False), ("project", True)])
def test_an_event_loop_that_the_project_names_is_left_to_scrapys_check(
    chosen_at: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawlproj.runs.is_reactor_installed", lambda: True)
    settings = Settings()
    settings.set("ASYNCIO_EVENT_LOOP", "uvloop.Loop", priority=chosen_at)
    Addon().update_settings(settings)
    assert settings["ASYNCIO_EVENT_LOOP"] == ("uvloop.Loop" if kept else None)


def test_the_store_is_off_until_the_project_asks_for_it(tmp_path: Path) -> None:
    assert not with_addon().get("STORE_URL")
    assert with_addon(STORE_URL="postgresql://h/d")["STORE_URL"] == "postgresql://h/d"
    both = with_addon(STORE_URL="postgresql://h/d", PARQUET_URL=str(tmp_path))
    assert both.getdict("ITEM_PIPELINES") == {STORE: 900, PARQUET: 950}
    named = with_addon(ITEM_PIPELINES={STORE: 500})
    assert (named["STORE_URL"], named.getdict("ITEM_PIPELINES")) == (
        "sqlite:///crawl.db",
        {STORE: 500},
    )


@pytest.mark.parametrize("order", [None, 650])
def test_a_component_of_scrapys_that_the_project_names_is_not_replaced(order: int | None) -> None:
    theirs = {
        "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": order,
        "theirs.Cookies": 700,
    }
    middlewares = with_addon(DOWNLOADER_MIDDLEWARES=theirs).getdict("DOWNLOADER_MIDDLEWARES")
    assert theirs.items() <= middlewares.items()
    assert "crawlproj.downloadermiddlewares.cookies.CookiesMiddleware" not in middlewares
    assert "crawlproj.downloadermiddlewares.robots.RobotsTxtMiddleware" in middlewares


def test_every_component_in_place_of_scrapys_is_known() -> None:
    named = {**ours.DOWNLOADER_MIDDLEWARES, **ours.SPIDER_MIDDLEWARES, **ours.EXTENSIONS}
    assert {name for name, order in named.items() if order is None} == set(_REPLACED.values())
    assert _REPLACED.keys() <= named.keys()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "status", "shown"),
    [
        (("crawl", "urls", "-a", "file=/dev/null"), 0, "urls: finished (generation 1)"),
        (("crawl", "urls", "-a", "file=/dev/null", "-s", "GUARD_ALLOW=lots"), 2, "GUARD_ALLOW"),
        (("replay", "FOLDER", "-s", "FRONTIER_URL=ftp://x"), 2, "FRONTIER_URL"),
        (("replay", "FOLDER"), 2, "no WARC file"),
    ],
)
def test_our_commands_that_crawl_work_in_other_projects(
    words: tuple[str, ...], status: int, shown: str, tmp_path: Path
) -> None:
    others = {
        "SCRAPY_SETTINGS_MODULE": "tests.settings_of_others",
        "CRAWLPROJ_FRONTIER_URL": "memory:",
        "CRAWLPROJ_STORE_URL": "",
    }
    words = tuple(word.replace("FOLDER", str(tmp_path)) for word in words)
    ended, output = scrapy(*words, env=others)
    assert (ended, shown in output) == (status, True), output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("CONCURRENCY_MAX_PER_SITE=few", "CONCURRENCY_MAX_PER_SITE must be a whole number"),
        ("STORE_URL=ftp://x", "STORE_URL is 'ftp://x': choose from sqlite:"),
        ("DOWNLOAD_TLS_MIN_VERSION=SSLv3", "DOWNLOAD_TLS_MIN_VERSION='SSLv3': Unknown"),
    ],
)
def test_a_wrong_setting_ends_a_crawl_with_status_2_and_its_name_without_our_commands(
    setting: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "theirs.py").write_text(SPIDER)
    words = ("runspider", "theirs.py", "-a", "base=x", "-s", setting, "-s", "LOG_FILE=job.log")
    status, output = scrapy(*words, folder=tmp_path)
    assert status == 2, output
    assert f"scrapy: error: {message}" in output
    assert f"ERROR: {message}" in (tmp_path / "job.log").read_text()  # scrapyd shows this one
    assert "Traceback" not in output


def test_the_error_names_the_wrong_setting_at_once() -> None:
    with pytest.raises(ConfigError, match="CONCURRENCY_MAX_PER_SITE"):
        with_addon(CONCURRENCY_MAX_PER_SITE=0)


def test_autothrottle_beside_our_limits_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    with_addon(AUTOTHROTTLE_START_DELAY=3)
    assert not caplog.text
    with_addon(AUTOTHROTTLE_ENABLED=True, AUTOTHROTTLE_START_DELAY=3)
    assert "(3 s): switch it off" in caplog.text


def test_a_scheduler_of_another_package_is_reported_and_the_crawl_still_logs_its_rates(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = "scrapy.extensions.logstats.LogStats"
    assert with_addon().getdict("EXTENSIONS")[lines] is None
    assert not caplog.text
    settings = with_addon(SCHEDULER="scrapy_redis.scheduler.Scheduler")
    assert "SCHEDULER: scrapy_redis.scheduler.Scheduler is in the place of" in caplog.text
    assert settings.getwithbase("EXTENSIONS")[lines] == 0
    caplog.clear()
    assert lines not in with_addon(SCHEDULER=DEFAULT_SCHEDULER).getdict("EXTENSIONS")
    with_addon(SCHEDULER=type("Ours", (Scheduler,), {}))
    assert not caplog.text
    off = with_addon(SCHEDULER="scrapy_redis.scheduler.Scheduler", EXTENSIONS={lines: None})
    assert off.getdict("EXTENSIONS")[lines] is None


@pytest.mark.slow
def test_the_projects_own_spider_crawls_through_the_frontier(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text(SPIDER)
    with DemoWeb([SiteSpec("plain", "plain", pages=40)], tmp_path / "log") as web:
        code, shown = scrapy(
            *("runspider", "theirs.py", "-o", "items.jsonl", "-a", f"base={web.url('plain')}/"),
            *("-s", "GUARD_ALLOW=127.0.0.0/8"),
            folder=tmp_path,
        )
        assert code == 0, shown
    (status,) = run(read_status(tmp_path / "crawl.db"))
    assert status.job == f"theirs base={web.url('plain')}/"
    assert status.finished
    assert status.totals.done == 38  # all except the two that only the sitemap lists
    assert len((tmp_path / "items.jsonl").read_text().splitlines()) == 38
    with closing(sqlite3.connect(tmp_path / "crawl.db")) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    assert not {"pages", "items"} & tables


@pytest.mark.slow
def test_each_jobdir_is_a_crawl_of_its_own_as_with_scrapys_scheduler(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text(SPIDER)

    def crawl(jobdir: str, **settings: object) -> int:
        given = {"JOBDIR": jobdir, "GUARD_ALLOW": "127.0.0.0/8", **settings}
        words = ("runspider", "theirs.py", "-a", f"base={web.url('plain')}/", *options(given))
        status, output = scrapy(*words, folder=tmp_path)
        assert status == 0, output
        (job,) = run(read_status(tmp_path / jobdir / "frontier.db"))
        return job.totals.done

    with DemoWeb([SiteSpec("plain", "plain", pages=40)], tmp_path / "log") as web:
        assert crawl("jobs/a", CLOSESPIDER_PAGECOUNT=5) < 38
        assert crawl("jobs/b") == 38
        assert crawl("jobs/a") == 38
    lines = (tmp_path / "log").read_text().splitlines()
    asked = Counter(line.split("\t")[3] for line in lines)
    assert asked.pop("/robots.txt") == 3
    assert set(asked.values()) == {2}
    assert not (tmp_path / "crawl.db").exists()
