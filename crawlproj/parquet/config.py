"""The settings PARQUET_URL, PARQUET_JOURNAL, PARQUET_INTERVAL and PARQUET_SEGMENT_SIZE."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.config import integer, number, text, writable_folder
from crawlproj.errors import ConfigError
from crawlproj.parquet.folders import LocalFolder
from crawlproj.store.places import local_folder, s3_folder

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawlproj.parquet.folders import Folder

_OWN_JOURNAL = ".journal"  # in the folder; readers of Parquet leave out what begins with a dot
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ParquetConfig:
    """Where rows go, and when.

    url: PARQUET_URL, without a slash at its end. journal: the folder of the rows that are not in a
    Parquet file yet. interval_s: the longest that a row waits there while the crawl runs.
    segment_bytes: of rows, before compression, that become files at once.
    """

    url: str
    journal: Path
    interval_s: float
    segment_bytes: int

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> ParquetConfig | None:
        """Read the settings; None if PARQUET_URL is empty.

        Makes the folders on this machine. Raises ConfigError if a setting is wrong, a folder cannot
        be written, or the library is missing.
        """
        url = text(settings, "PARQUET_URL", "")
        if not url:
            return None
        url = url.rstrip("/") or url
        local = local_folder("PARQUET_URL", url)
        try:
            import pyarrow.parquet  # noqa: F401, PLC0415 - an extra
        except ImportError as exc:
            raise ConfigError(
                f"PARQUET_URL needs one more package: pip install 'crawlproj[export]' ({exc})"
            ) from None
        if local is not None:
            writable_folder("PARQUET_URL", local)
        usual = local / _OWN_JOURNAL if local is not None else Path("parquet.journal")
        journal = Path(text(settings, "PARQUET_JOURNAL", "") or usual)
        return cls(
            url,
            writable_folder("PARQUET_JOURNAL", journal),
            number(settings, "PARQUET_INTERVAL", 300.0, minimum=0.1),
            integer(settings, "PARQUET_SEGMENT_SIZE", 128 * _MEGABYTE, minimum=_MEGABYTE),
        )

    def folder(self, settings: BaseSettings) -> Folder:
        """Return the folder that the URL names. Connects to nothing."""
        local = local_folder("PARQUET_URL", self.url)
        if local is not None:
            return LocalFolder(local)
        return s3_folder("PARQUET_URL", self.url, settings)
