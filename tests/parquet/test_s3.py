"""Parquet files in a bucket, of a server that speaks S3 on loopback."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from moto.server import ThreadedMotoServer
from pyarrow import dataset, fs

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.parquet.folders import S3Folder
from tests import dying
from tests.processes import options, scrapy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server with the bucket "bucket"."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with urllib.request.urlopen(urllib.request.Request(f"{url}/bucket", method="PUT")):  # noqa: S310
        pass
    yield url
    server.stop()


def arguments(endpoint: str) -> dict[str, Any]:
    keys = {"access_key": "key", "secret_key": "secret"}
    return {"endpoint_override": endpoint, "region": "us-east-1", **keys}


def test_a_file_is_an_object_and_replaces_an_older_one(endpoint: str) -> None:
    folder = S3Folder("s3://bucket/some/folder", arguments(endpoint))
    folder.open()
    for content in (b"old", b"x" * 11_000_000):  # the second is sent in parts
        folder.put("table/part.parquet", pa.py_buffer(content))
    s3 = fs.S3FileSystem(**arguments(endpoint))
    with s3.open_input_file("bucket/some/folder/table/part.parquet") as file:
        assert file.read() == b"x" * 11_000_000


def test_a_bucket_that_is_not_there_is_an_error_with_its_name(endpoint: str) -> None:
    with pytest.raises(OSError, match=r"bucket 'another'.*does not exist"):
        S3Folder("s3://another/folder", arguments(endpoint)).open()


def test_a_crawl_that_was_killed_has_each_page_in_the_bucket_once(
    endpoint: str, tmp_path: Path
) -> None:
    settings = {
        "FRONTIER_URL": f"sqlite:///{tmp_path}/crawl.db",
        "STORE_URL": "",
        "PARQUET_URL": "s3://bucket/crawl",
        "PARQUET_JOURNAL": tmp_path / "journal",
        "PARQUET_INTERVAL": 0.1,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION_NAME": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "GUARD_ALLOW": "127.0.0.0/8",
        "LOG_LEVEL": "ERROR",
    }
    with DemoWeb([SiteSpec("plain", "plain", 150)], tmp_path / "log") as web:
        words = ("crawl", "site", "-a", f"url={web.url('plain')}", *options(settings))
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
