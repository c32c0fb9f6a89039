"""A crawl does not keep the memory that large pages took."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.freeing_spider import BLOCKS, MIB
from tests.processes import Scrapy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

on_glibc = pytest.mark.skipif(
    "CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="only glibc keeps free blocks like that"
)


def kept_by_a_crawl(folder: Path, env: Mapping[str, str] | None = None) -> int:
    words = ("-s", "SPIDER_MODULES=tests.freeing_spider", "-s", "STORE_URL=")
    frontier = f"FRONTIER_URL=sqlite:///{folder}/crawl.db"
    process = Scrapy("crawl", "freeing", *words, "-s", frontier, env=env)
    assert process.wait() == 0, process.output()
    found = re.search(r"(-?\d+) bytes were kept", process.output())
    assert found, process.output()
    return int(found[1])


@pytest.mark.slow
@on_glibc
def test_large_blocks_go_back_to_the_system_although_a_small_one_stays(tmp_path: Path) -> None:
    assert kept_by_a_crawl(tmp_path) < 8 * MIB


@pytest.mark.slow
@on_glibc
def test_what_the_user_chose_in_the_environment_stays(tmp_path: Path) -> None:
    chosen = {"MALLOC_TRIM_THRESHOLD_": "128000000"}
    assert kept_by_a_crawl(tmp_path, chosen) > BLOCKS * MIB // 2
