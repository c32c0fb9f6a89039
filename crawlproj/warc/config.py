"""The setting WARC_DIR, and the archive that it names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.config import text
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scrapy.settings import BaseSettings

    from crawlproj.warc.archive import Archive


def warc_folder(settings: BaseSettings) -> Path | None:
    """Return the folder of WARC_DIR, made if it is missing; None if the setting is empty.

    Raises ConfigError if it cannot be written, or the libraries are missing.
    """
    name = text(settings, "WARC_DIR", "")
    if not name:
        return None
    try:
        import crawlproj.warc.archive  # noqa: F401, PLC0415 - an extra
    except ImportError as exc:
        raise ConfigError(
            f"WARC_DIR needs more packages: pip install 'crawlproj[warc]' ({exc})"
        ) from None
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigError(f"WARC_DIR: {folder} cannot be made ({exc.strerror})") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"WARC_DIR: {folder} cannot be written; check who owns it")
    return folder


def archive_from(settings: BaseSettings, info: Callable[[], Mapping[str, str]]) -> Archive | None:
    """Return the archive in WARC_DIR; None if the setting is empty. Raises ConfigError."""
    folder = warc_folder(settings)
    if folder is None:
        return None
    from crawlproj.warc.archive import Archive  # noqa: PLC0415 - an extra

    return Archive(folder, info)
