"""A disk that becomes full during a crawl: a file system of its own that has little room."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests import ROOT
from tests.parquet.helpers import urls
from tests.processes import options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow

# In namespaces of its own: crawls with little room, then again with enough.
_SCRIPT = """
mount -t tmpfs -o size={room_kb}k none {disk} || exit 99
{crawl} >{folder}/first 2>&1
echo $? >{folder}/status
mount -o remount,size=100m {disk}
{crawl} >{folder}/second 2>&1 || exit 98
cp -r {disk}/. {folder}/copy
"""


@pytest.fixture(scope="module")
def _own_mounts() -> None:
    """Skip where a process may not mount anything, as in some containers."""
    command = ("unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt")
    if shutil.which("unshare") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("unshare -rm is not allowed here")


@pytest.mark.usefixtures("_own_mounts")
@pytest.mark.parametrize("files", [("crawl.db", "crawl.db"), ("frontier.db", "store.db")])
def test_a_full_disk_ends_the_crawl_in_a_few_lines_and_the_next_run_has_every_page(
    tmp_path: Path, files: tuple[str, str]
) -> None:
    frontier, store = files
    settings = {
        "FRONTIER_URL": f"sqlite:///{tmp_path / 'disk' / frontier}",
        "STORE_URL": f"sqlite:///{tmp_path / 'disk' / store}",
    }
    shown, pages = crawl_with_little_room(tmp_path, settings, room_kb=1200)
    assert "run the same command again to continue" in shown
    with closing(sqlite3.connect(tmp_path / "copy" / store)) as db:
        assert {url for (url,) in db.execute("SELECT url FROM pages")} == pages


@pytest.mark.usefixtures("_own_mounts")
def test_a_full_disk_of_parquet_files_does_the_same(tmp_path: Path) -> None:
    settings = {
        "FRONTIER_URL": f"sqlite:///{tmp_path}/crawl.db",
        "STORE_URL": "",
        "PARQUET_URL": f"{tmp_path}/disk/pages",
        "PARQUET_INTERVAL": 0.1,
    }
    shown, pages = crawl_with_little_room(tmp_path, settings, room_kb=300)
    assert "run it again and it goes on" in shown
    assert urls(tmp_path / "copy/pages") == sorted(pages)


@pytest.mark.usefixtures("_own_mounts")
@pytest.mark.parametrize("name", ["items.jsonl", "items.csv"])
def test_a_full_disk_of_a_feed_does_the_same_and_leaves_no_torn_line(
    tmp_path: Path, name: str
) -> None:
    settings = {
        "FRONTIER_URL": f"sqlite:///{tmp_path}/crawl.db",
        "STORE_URL": "",
        "FEEDS": json.dumps({f"{tmp_path}/disk/{name}": {"format": name[6:]}}),
    }
    shown, pages = crawl_with_little_room(tmp_path, settings, room_kb=300)
    assert "run it again: it goes on" in shown
    with (tmp_path / "copy" / name).open(newline="") as file:
        items = list(csv.DictReader(file) if name.endswith("csv") else map(json.loads, file))
    assert {item["url"] for item in items} == pages


@pytest.mark.usefixtures("_own_mounts")
def test_a_full_disk_of_scrapys_cache_blames_no_site(tmp_path: Path) -> None:
    settings = {
        "FRONTIER_URL": f"sqlite:///{tmp_path}/crawl.db",
        "STORE_URL": f"sqlite:///{tmp_path}/crawl.db",
        "HTTPCACHE_ENABLED": True,
        "HTTPCACHE_DIR": f"{tmp_path}/disk/cache",
    }
    shown, pages = crawl_with_little_room(tmp_path, settings, room_kb=300)
    assert "a file cannot be written for http://" in shown
    assert "connection-lost" not in shown
    with closing(sqlite3.connect(tmp_path / "crawl.db")) as db:
        assert {url for (url,) in db.execute("SELECT url FROM pages")} == pages
        assert not db.execute("SELECT * FROM failures").fetchall()


def crawl_with_little_room(
    folder: Path, settings: Mapping[str, object], room_kb: int
) -> tuple[str, set[str]]:
    """Crawl twice with ``folder / "disk"``, which has room only the second time.

    Returns what the first run said, and the pages of the site. What is on the disk at the end is in
    ``folder / "copy"``.
    """
    disk = folder / "disk"
    disk.mkdir()
    given = {**settings, "GUARD_ALLOW": "127.0.0.0/8", "LOG_LEVEL": "ERROR"}
    with DemoWeb([SiteSpec("plain", "plain", 150)], folder / "log") as web:
        words = ("crawl", "site", "-a", f"url={web.url('plain')}/", *options(given))
        crawl = shlex.join((sys.executable, "-m", "scrapy", *words))
        script = _SCRIPT.format(room_kb=room_kb, disk=disk, crawl=crawl, folder=folder)
        command = ("unshare", "-rm", "sh", "-c", script)
        subprocess.run(command, check=True, cwd=ROOT, timeout=200)
        pages = web.expected("plain").pages
    shown = (folder / "first").read_text()
    assert (folder / "status").read_text().strip() == "1", shown
    assert "Traceback" not in shown
    errors = re.findall(r"ERROR: .*", shown)
    assert 1 <= len(errors) <= 3, "one line for each part that failed, not for each page"
    assert all("full" in error or "No space left" in error for error in errors), errors
    return shown, pages
