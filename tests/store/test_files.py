"""A folder of files named for what is in them."""

from __future__ import annotations

import errno
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from scrapy.settings import Settings

from crawlproj.errors import ConfigError
from crawlproj.store import files
from crawlproj.store.files import FileFolder, file_folder, name_of

if TYPE_CHECKING:
    from pathlib import Path


def opened(path: Path) -> FileFolder:
    folder = FileFolder(path / "files")
    folder.open()
    return folder


def contents(folder: FileFolder) -> dict[str, bytes]:
    found = (path for path in folder.path.rglob("*") if path.is_file())
    return {str(path.relative_to(folder.path)): path.read_bytes() for path in found}


def test_a_content_is_written_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    name = name_of("5f02", ".pdf")
    assert folder.keep(name, b"content")
    assert not folder.keep(name, b"content")
    assert contents(folder) == {"5f/5f02.pdf": b"content"}
    assert stat.S_IMODE((folder.path / name).stat().st_mode) == 0o600


def test_many_writers_of_the_same_contents_leave_one_whole_file_of_each(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    bodies = {f"a{n}/a{n}": bytes([n]) * 300_000 for n in range(4)}
    with ThreadPoolExecutor(8) as threads:
        new = list(threads.map(folder.keep, [*bodies] * 8, [*bodies.values()] * 8))
    assert sum(new) == 4
    assert contents(folder) == bodies


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = opened(tmp_path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            folder.keep("ab/ab.pdf", b"content")
    assert contents(folder) == {}
    assert folder.keep("ab/ab.pdf", b"content")


def test_the_rest_of_a_killed_writer_goes_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    incoming = folder.path / ".incoming"
    (incoming / "dead.pdf").write_bytes(b"to")
    descriptor = files._open_alone(incoming / "alive.pdf")
    folder.open()
    assert [path.name for path in incoming.iterdir()] == ["alive.pdf"]
    os.close(descriptor)


@pytest.mark.parametrize("url", ["s3://", "ftp://host/files", "file://host/files", ""])
def test_a_url_that_is_no_folder_is_an_error_that_says_what_would_be(url: str) -> None:
    with pytest.raises(ConfigError, match="FILES_URL must be a folder, such as out"):
        file_folder(Settings({"FILES_URL": url}))


def test_a_folder_may_be_a_path_or_a_file_url(tmp_path: Path) -> None:
    plain, with_space = tmp_path / "plain", tmp_path / "with space"
    assert file_folder(Settings({"FILES_URL": str(plain)})).place == str(plain)
    url = with_space.as_uri()
    assert file_folder(Settings({"FILES_URL": url})).place == str(with_space)
    assert with_space.is_dir()


def test_a_bucket_needs_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Settings({"FILES_URL": "s3://bucket/files"})
    assert file_folder(bucket).place == "s3://bucket/files"
    monkeypatch.setitem(sys.modules, "crawlproj.store.s3", None)
    with pytest.raises(ConfigError, match=r"FILES_URL in S3 needs .*crawlproj\[export\]"):
        file_folder(bucket)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        file_folder(Settings({"FILES_URL": str(tmp_path / "file" / "below")}))
