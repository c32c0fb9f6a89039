"""A wrong setting is found before anything is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scrapy.settings import Settings

from crawlproj.check_settings import check_settings
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FRONTIER_URL", "mysql://host/db"),
        ("SHUTDOWN_GRACE", "soon"),
        ("CONCURRENCY_LIMIT", "kene"),
        (
            "DOWNLOAD_HANDLERS",
            {"http": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"},
        ),
        ("DOWNLOAD_TLS_MIN_VERSION", "TLSv9"),
        ("DOWNLOAD_VERIFY_CERTIFICATES", "perhaps"),
        ("STORE_URL", "mysql://host/db"),
        ("DOWNLOAD_HANDLERS_BY_META", "playwright"),
        ("PAGE_FIELDS", "main_txt"),
        ("RESPECT_SIGNALS", "ai-trian"),
        ("WARC_DIR", "/dev/null/warc"),
        ("PARQUET_URL", "ftp://host/folder"),
        ("REPLAY_DIR", "missing"),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_it(
    name: str, value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    settings.setmodule("crawlproj.settings")
    check_settings(settings)
    settings.set(name, value, priority="cmdline")
    with pytest.raises(ConfigError, match=name):
        check_settings(settings)
    assert list(tmp_path.iterdir()) == []
