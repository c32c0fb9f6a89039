"""The settings PARQUET_URL, PARQUET_JOURNAL, PARQUET_INTERVAL and PARQUET_SEGMENT_SIZE."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from crawlproj.config import integer, number, text, writable_folder
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawlproj.parquet.folders import Folder

_OWN_JOURNAL = ".journal"  # in the folder; readers of Parquet leave out what begins with a dot
_MEGABYTE = 1024 * 1024
_AWS = {
    "access_key": "AWS_ACCESS_KEY_ID",
    "secret_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
    "endpoint_override": "AWS_ENDPOINT_URL",
    "region": "AWS_REGION_NAME",
}
"""Argument of pyarrow's S3FileSystem → Scrapy's setting. Without one, the AWS SDK looks itself."""


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
        url = text(settings, "PARQUET_URL", "").rstrip("/")
        if not url:
            return None
        local = _local_path(url)
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
        from crawlproj.parquet.folders import LocalFolder, S3Folder  # noqa: PLC0415 - an extra

        local = _local_path(self.url)
        if local is not None:
            return LocalFolder(local)
        options = {name: text(settings, setting, "") for name, setting in _AWS.items()}
        return S3Folder(self.url, {name: value for name, value in options.items() if value})


def _local_path(url: str) -> Path | None:
    """Return the folder of PARQUET_URL; None if it is in S3. Raises ConfigError."""
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc and "@" not in parts.netloc:
        return None
    if parts.scheme == "s3" and "@" in parts.netloc:
        raise ConfigError(
            "PARQUET_URL must not have credentials: set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, and write s3://bucket/folder"
        )
    path = unquote(parts.path) if parts.scheme == "file" else url
    if parts.scheme not in {"", "file"} or parts.netloc or not path:
        raise ConfigError(
            "PARQUET_URL must be a folder, such as parquet or file:///var/lib/parquet, or "
            f"s3://bucket/folder, not {parts.scheme + '://…' if parts.scheme else url!r}"
        )
    return Path(path)
