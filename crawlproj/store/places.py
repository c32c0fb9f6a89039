"""Folders that settings name by URL: on this machine, or in S3."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from crawlproj.config import text
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawlproj.store.s3 import S3Folder

_AWS = {
    "access_key": "AWS_ACCESS_KEY_ID",
    "secret_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
    "endpoint_override": "AWS_ENDPOINT_URL",
    "region": "AWS_REGION_NAME",
}
"""Argument of pyarrow's S3FileSystem → Scrapy's setting. Without one, the AWS SDK looks itself."""


def local_folder(name: str, url: str) -> Path | None:
    """Return the folder of ``url``, the setting ``name``; None if it is in S3.

    Raises ConfigError if it is neither a path, a file URL nor s3://bucket/….
    """
    parts = urlsplit(url)
    if parts.scheme == "s3" and "@" in parts.netloc:
        raise ConfigError(
            f"{name} must not have credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "and write s3://bucket/folder"
        )
    if parts.scheme == "s3" and parts.netloc:
        return None
    path = unquote(parts.path) if parts.scheme == "file" else url
    if parts.scheme not in {"", "file"} or parts.netloc or not path:
        raise ConfigError(
            f"{name} must be a folder, such as out or file:///var/lib/out, or s3://bucket/folder, "
            f"not {parts.scheme + '://…' if parts.scheme else url!r}"
        )
    return Path(path)


def s3_folder(name: str, url: str, settings: BaseSettings) -> S3Folder:
    """Return the folder of ``url``, the setting ``name``. Connects to nothing.

    Raises ConfigError if the library is missing.
    """
    try:
        from crawlproj.store.s3 import S3Folder  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise ConfigError(
            f"{name} in S3 needs one more package: pip install 'crawlproj[export]' ({exc})"
        ) from None
    options = {argument: text(settings, setting, "") for argument, setting in _AWS.items()}
    return S3Folder(url, {argument: value for argument, value in options.items() if value})
