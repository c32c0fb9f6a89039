"""A crawl on a damaged file ends with an error that says what to do, and no traceback."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.processes import options, scrapy

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PAGE = 4096  # bytes, of SQLite


def test_a_crawl_on_a_damaged_file_ends_with_status_1_and_names_it(tmp_path: Path) -> None:
    file = tmp_path / "crawl.db"
    with DemoWeb([SiteSpec("plain", "plain", pages=200)], tmp_path / "log") as web:
        words = ["crawl", "site", "-a", f"url={web.url('plain')}/"]
        place = f"sqlite:///{file}"
        words += options({"FRONTIER_URL": place, "STORE_URL": place, "GUARD_ALLOW": "127.0.0.0/8"})
        status, output = scrapy(*words, "-a", "max_pages=100")
        assert status == 0, output
        data = bytearray(file.read_bytes())
        for start in range(PAGE, len(data), 3 * PAGE):
            data[start : start + PAGE] = os.urandom(PAGE)
        file.write_bytes(data)
        status, output = scrapy(*words)
    assert status == 1, output
    assert f"{file}: database disk image is malformed; the file is damaged: recover it" in output
    assert "Traceback" not in output
