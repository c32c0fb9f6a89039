"""Files in a bucket: whole, and the same content once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import blake2b
from typing import TYPE_CHECKING

import pytest
from pyarrow import fs

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.store.s3 import S3Folder
from tests.buckets import arguments, bucket, settings
from tests.processes import options, scrapy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with bucket() as url:
        yield url


def contents(endpoint: str, folder: str) -> dict[str, bytes]:
    s3 = fs.S3FileSystem(**arguments(endpoint))
    found = s3.get_file_info(fs.FileSelector(f"bucket/{folder}", recursive=True))
    names = [info.path for info in found if info.is_file]
    kept = {}
    for name in names:
        with s3.open_input_file(name) as file:
            kept[name.removeprefix(f"bucket/{folder}/")] = file.read()
    return kept


def test_a_file_replaces_an_older_one(endpoint: str) -> None:
    folder = S3Folder("s3://bucket/put", arguments(endpoint))
    folder.open()
    for content in (b"old", b"x" * 11_000_000):  # the second is sent in parts
        folder.put("table/part", content)
    assert contents(endpoint, "put") == {".crawlproj": b"", "table/part": b"x" * 11_000_000}


def test_a_content_that_is_there_is_not_written_again(endpoint: str) -> None:
    folder = S3Folder("s3://bucket/keep/", arguments(endpoint))
    folder.open()
    assert folder.keep("5f/5f02.pdf", b"content")
    assert not folder.keep("5f/5f02.pdf", b"content")
    assert contents(endpoint, "keep") == {".crawlproj": b"", "5f/5f02.pdf": b"content"}


def test_a_bucket_that_is_not_there_is_an_error_with_its_name(endpoint: str) -> None:
    with pytest.raises(OSError, match=r"bucket 'another'.*does not exist"):
        S3Folder("s3://another/folder", arguments(endpoint)).open()


def test_a_crawl_saves_its_files_in_a_bucket(endpoint: str, tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/crawl.db"
    given = {
        "FRONTIER_URL": place,
        "STORE_URL": place,
        "FILES_URL": "s3://bucket/saved",
        "GUARD_ALLOW": "127.0.0.0/8",
        "LOG_LEVEL": "ERROR",
        **settings(endpoint),
    }
    with DemoWeb([SiteSpec("plain", "plain", 30)], tmp_path / "log") as web:
        words = ("-a", f"url={web.url('plain')}", "-a", "save=html", *options(given))
        code, shown = scrapy("crawl", "site", *words)
    assert code == 0, shown
    with closing(sqlite3.connect(tmp_path / "crawl.db")) as db:
        files = {file for (file,) in db.execute("SELECT DISTINCT file FROM pages")}
    kept = contents(endpoint, "saved")
    del kept[".crawlproj"]
    assert len(files) > 20
    assert kept.keys() == files
    for name, body in kept.items():
        assert name[3:].startswith(blake2b(body, digest_size=16).hexdigest())


def test_a_bucket_that_cannot_be_reached_is_an_error_before_anything_is_fetched(
    tmp_path: Path,
) -> None:
    given = {
        "FRONTIER_URL": "memory:",
        "STORE_URL": "",
        "FILES_URL": "s3://bucket/saved",
        "GUARD_ALLOW": "127.0.0.0/8",
        "LOG_LEVEL": "ERROR",
        **settings("http://127.0.0.1:9"),
    }
    with DemoWeb([SiteSpec("plain", "plain", 30)], tmp_path / "log") as web:
        words = ("-a", f"url={web.url('plain')}", "-a", "save=html", *options(given))
        code, shown = scrapy("crawl", "site", *words)
        assert not web.log()
    assert code == 1, shown
    assert "FILES_URL: s3://bucket/saved cannot be written" in shown
    assert "Traceback" not in shown
