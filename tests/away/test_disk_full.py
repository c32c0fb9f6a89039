"""A disk that becomes full during a crawl: a file system of its own that has little room."""

from __future__ import annotations

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
from tests.processes import options

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

# In namespaces of its own: crawls with little room, then again with enough.
_SCRIPT = """
mount -t tmpfs -o size={room_kb}k none {disk} || exit 99
{crawl} >{folder}/first 2>&1
echo $? >{folder}/status
mount -o remount,size=100m {disk}
{crawl} >{folder}/second 2>&1 || exit 98
cp {disk}/*.db {folder}
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
    disk = tmp_path / "disk"
    disk.mkdir()
    frontier, store = files
    settings = {
        "FRONTIER_URL": f"sqlite:///{disk / frontier}",
        "STORE_URL": f"sqlite:///{disk / store}",
        "GUARD_ALLOW": "127.0.0.0/8",
        "LOG_LEVEL": "ERROR",
    }
    with DemoWeb([SiteSpec("plain", "plain", 150)], tmp_path / "log") as web:
        words = ("crawl", "site", "-a", f"url={web.url('plain')}/", *options(settings))
        crawl = shlex.join((sys.executable, "-m", "scrapy", *words))
        script = _SCRIPT.format(room_kb=1200, disk=disk, crawl=crawl, folder=tmp_path)
        command = ("unshare", "-rm", "sh", "-c", script)
        subprocess.run(command, check=True, cwd=ROOT, timeout=200)
        pages = web.expected("plain").pages
    shown = (tmp_path / "first").read_text()
    assert (tmp_path / "status").read_text().strip() == "1", shown
    assert "run the same command again to continue" in shown
    assert "Traceback" not in shown
    errors = re.findall(r"ERROR: .*", shown)
    assert 1 <= len(errors) <= 3, "one line for each part that failed, not for each page"
    assert all("full" in error for error in errors), errors
    with closing(sqlite3.connect(tmp_path / store)) as db:
        assert {url for (url,) in db.execute("SELECT url FROM pages")} == pages
