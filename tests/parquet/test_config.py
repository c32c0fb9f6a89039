"""The settings of PARQUET_URL, each with an error that says what to do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from scrapy.settings import Settings

from crawlproj.errors import ConfigError
from crawlproj.parquet.config import ParquetConfig
from crawlproj.parquet.folders import LocalFolder
from crawlproj.store.s3 import S3Folder


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def config(**settings: Any) -> ParquetConfig | None:
    return ParquetConfig.from_settings(Settings(settings))


def test_without_a_url_nothing_is_written_and_nothing_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert config() is None


@pytest.mark.parametrize("url", ["out", "file:///{here}/out", "{here}/out/"])
def test_a_url_of_a_folder_has_its_journal_inside(url: str, tmp_path: Path) -> None:
    found = config(PARQUET_URL=url.format(here=tmp_path).replace("file:////", "file:///"))
    assert found is not None
    assert (tmp_path / "out" / ".journal").is_dir()
    assert found.journal.resolve() == tmp_path / "out" / ".journal"
    assert (found.interval_s, found.segment_bytes) == (300, 128 * 1024**2)
    assert isinstance(found.folder(Settings()), LocalFolder)


def test_a_bucket_has_its_journal_in_the_working_directory(tmp_path: Path) -> None:
    found = config(PARQUET_URL="s3://bucket/pages")
    assert found is not None
    assert found.journal.resolve() == tmp_path / "parquet.journal"
    folder = found.folder(
        Settings({"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION_NAME": "x"})
    )
    assert isinstance(folder, S3Folder)
    assert folder._options == {"endpoint_override": "http://127.0.0.1:9", "region": "x"}


def test_the_journal_may_be_elsewhere(tmp_path: Path) -> None:
    found = config(PARQUET_URL="out", PARQUET_JOURNAL="journal")
    assert found is not None
    assert found.journal == Path("journal")
    assert not (tmp_path / "out" / ".journal").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"PARQUET_URL": "gs://bucket"}, r"PARQUET_URL must be a folder.*not 'gs://…'"),
        ({"PARQUET_URL": "file://host/folder"}, "PARQUET_URL must be a folder"),
        ({"PARQUET_URL": "s3://"}, "PARQUET_URL must be a folder"),
        ({"PARQUET_URL": "s3://key:secret@bucket"}, "must not have credentials"),
        ({"PARQUET_URL": 3}, "PARQUET_URL must be text"),
        ({"PARQUET_URL": "a_file"}, "PARQUET_URL: a_file cannot be made"),
        ({"PARQUET_URL": "out", "PARQUET_JOURNAL": "a_file"}, "PARQUET_JOURNAL: a_file"),
        ({"PARQUET_URL": "out", "PARQUET_INTERVAL": 0}, "PARQUET_INTERVAL must be at least 0.1"),
        ({"PARQUET_URL": "out", "PARQUET_SEGMENT_SIZE": 5}, "PARQUET_SEGMENT_SIZE must be at"),
    ],
)
def test_a_wrong_setting_is_an_error(
    settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    (tmp_path / "a_file").write_text("")
    with pytest.raises(ConfigError, match=message) as error:
        config(**settings)
    assert "secret" not in str(error.value)


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ConfigError, match=r"pip install 'crawlproj\[export\]'"):
        config(PARQUET_URL="out")
