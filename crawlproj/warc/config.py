"""The settings WARC_DIR and REPLAY_DIR, and the archive and the files that they name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.config import text, writable_folder
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scrapy.settings import BaseSettings

    from crawlproj.warc.archive import Archive

_WARC_NAME = re.compile(r"\.warc(?:\.gz|\.lz4|\.zst)?(?:\.open)?$", re.IGNORECASE)


def warc_folder(settings: BaseSettings) -> Path | None:
    """Return the folder of WARC_DIR, made if it is missing; None if the setting is empty.

    Raises ConfigError if it cannot be written, or the libraries are missing.
    """
    name = text(settings, "WARC_DIR", "")
    if not name:
        return None
    _require_extra("WARC_DIR")
    return writable_folder("WARC_DIR", Path(name))


def archive_from(settings: BaseSettings, info: Callable[[], Mapping[str, str]]) -> Archive | None:
    """Return the archive in WARC_DIR; None if the setting is empty. Raises ConfigError."""
    folder = warc_folder(settings)
    if folder is None:
        return None
    from crawlproj.warc.archive import Archive  # noqa: PLC0415 - an extra

    return Archive(folder, info)


def replay_files(settings: BaseSettings) -> list[Path]:
    """Return the WARC files of REPLAY_DIR, which may also be one file; none if it is empty.

    Raises ConfigError if it has none, or the libraries are missing.
    """
    name = text(settings, "REPLAY_DIR", "")
    if not name:
        return []
    _require_extra("REPLAY_DIR")
    return warc_files(Path(name))


def warc_files(folder: Path) -> list[Path]:
    """Return the WARC files in ``folder`` and below, also those that a killed writer left.

    A file is returned by itself. Raises ConfigError if there is none.
    """
    if folder.is_file():
        return [folder]
    found = sorted(path for path in folder.rglob("*") if _WARC_NAME.search(path.name))
    if not found:
        wrong = f"{folder} has no WARC file" if folder.exists() else f"there is no folder {folder}"
        raise ConfigError(
            f"REPLAY_DIR: {wrong}; name a folder with *.warc or *.warc.gz files, such as the "
            "WARC_DIR of an earlier crawl"
        )
    return found


def _require_extra(setting: str) -> None:
    try:
        import crawlproj.warc.archive  # noqa: F401, PLC0415 - an extra
    except ImportError as exc:
        raise ConfigError(
            f"{setting} needs more packages: pip install 'crawlproj[warc]' ({exc})"
        ) from None
