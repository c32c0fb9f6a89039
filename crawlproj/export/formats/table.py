"""The formats by the extension of their files; **add a format here**."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from crawlproj.export.formats.base import Writer

_FORMATS = {
    ".csv": "csv_file",
    ".jsonl": "jsonl_file",
    ".parquet": "parquet_file",
    ".sqlite": "sqlite_file",
    ".xlsx": "xlsx_file",
}
"""Extension → module beside this one, whose ``FORMAT`` is its Writer."""


def format_of(path: Path) -> type[Writer]:
    """Return what writes files with the extension of ``path``.

    Raises ConfigError if there is no such format, or its library is not installed.
    """
    name = _FORMATS.get(path.suffix.lower())
    if name is None:
        raise ConfigError(
            f"{path} has no extension of a format; name a file that ends with one of: "
            f"{', '.join(_FORMATS)}"
        )
    try:
        module = import_module(f"crawlproj.export.formats.{name}")
    except ImportError as exc:
        raise ConfigError(
            f"{path.suffix} files need one more package: pip install 'crawlproj[export]' ({exc})"
        ) from None
    found: type[Writer] = module.FORMAT
    return found
