"""A disk that becomes full during a crawl: a file system of its own that has little room."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.parquet.helpers import urls
from tests.processes import Scrapy, options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow

# In namespaces of its own: makes a file system with little room, then enough of it, at each line.
_SCRIPT = """
mount -t tmpfs -o size={room_kb}k none {disk} && echo little && read wanted
mount -o remount,size=100m {disk} && echo enough && read wanted
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

    Returns what the first run said, and the pages of the site. At the end, the content of the
    disk is in ``folder / "copy"``.
    """
    disk = folder / "disk"
    disk.mkdir()
    given = {**settings, "GUARD_ALLOW": "127.0.0.0/8", "LOG_LEVEL": "ERROR"}
    script = _SCRIPT.format(room_kb=room_kb, disk=disk, folder=folder)
    with (
        DemoWeb([SiteSpec("plain", "plain", 150)], folder / "log") as web,
        subprocess.Popen(
            ("unshare", "-rm", "sh", "-c", script),  # noqa: S607 - wherever it is
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as mounts,
    ):
        assert mounts.stdin is not None
        assert mounts.stdout is not None
        words = ("crawl", "site", "-a", f"url={web.url('plain')}/", *options(given))
        ended = []
        for room in ("little", "enough"):
            assert mounts.stdout.readline().strip() == room
            crawl = Scrapy(*words, beside=mounts.pid)
            ended.append((crawl.wait(), crawl.output()))
            mounts.stdin.write("\n")
            mounts.stdin.flush()
        assert mounts.wait() == 0
        pages = web.expected("plain").pages
    (status, shown), (status_of_second, _) = ended
    assert (status, status_of_second) == (1, 0), ended
    assert "Traceback" not in shown
    errors = re.findall(r"ERROR: .*", shown)
    assert 1 <= len(errors) <= 3, "one line for each part that failed, not for each page"
    assert all("full" in error or "No space left" in error for error in errors), errors
    return shown, pages
