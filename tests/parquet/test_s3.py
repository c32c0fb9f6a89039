"""Parquet files in a bucket, of a server that speaks S3 on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyarrow import dataset, fs

from crawlproj.demo import DemoWeb, SiteSpec
from tests import dying
from tests.buckets import arguments, bucket, settings
from tests.processes import options, scrapy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def endpoint() -> Iterator[str]:
    with bucket() as url:
        yield url


def test_a_crawl_that_was_killed_has_each_page_in_the_bucket_once(
    endpoint: str, tmp_path: Path
) -> None:
    given = {
        "FRONTIER_URL": f"sqlite:///{tmp_path}/crawl.db",
        "STORE_URL": "",
        "PARQUET_URL": "s3://bucket/crawl",
        "PARQUET_JOURNAL": tmp_path / "journal",
        "PARQUET_INTERVAL": 0.1,
        "GUARD_ALLOW": "127.0.0.0/8",
        "LOG_LEVEL": "ERROR",
        **settings(endpoint),
    }
    with DemoWeb([SiteSpec("plain", "plain", 150)], tmp_path / "log") as web:
        words = ("crawl", "site", "-a", f"url={web.url('plain')}", *options(given))
        scrapy(*words, *dying.ARGUMENTS, "DIES_AFTER=80")
        code, shown = scrapy(*words)
        assert code == 0, shown
        expected = sorted(web.expected("plain").pages)
    found = dataset.dataset(
        "bucket/crawl/pages",
        format="parquet",
        partitioning="hive",
        filesystem=fs.S3FileSystem(**arguments(endpoint)),
    )
    assert sorted(found.to_table(columns=["url"]).column("url").to_pylist()) == expected
    assert "secret" not in shown
