"""The output of a crawl other than its pages, and its findings, as text for people. Pure.

They come from the stats of each process; those of a fleet's workers are added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.masking import masked
from crawlproj.plural import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGINS = "login/again"
_KINDS = ("changed", "new", "gone", "back")  # of table ``changes``

COUNTERS = (
    *(f"parquet/{name}" for name in ("rows", "files", "bytes")),
    *(f"files/{name}" for name in ("saved", "bytes", "known")),
    *(f"store/{name}" for name in ("pages", "checks")),
    *(f"store/changes/{kind}" for kind in _KINDS),
    LOGINS,
)
"""The stats that are read here; one that is missing counts as 0."""


def files_written(url: str, counts: Mapping[str, int]) -> str:
    """Return where files are, and how many of them were saved; "" if there is no ``url``."""
    if not url:
        return ""
    new, size, known = (counts.get(f"files/{name}", 0) for name in ("saved", "bytes", "known"))
    return f"{_shown(url)}: {new:,} new ({size:,} bytes), {known:,} already there"


def parquet_written(url: str, counts: Mapping[str, int]) -> str:
    """Return where Parquet files are, and what was written; "" if there is no ``url``."""
    if not url:
        return ""
    rows, files, size = (counts.get(f"parquet/{name}", 0) for name in ("rows", "files", "bytes"))
    written = f"{counted(rows, 'row')} in {counted(files, 'file')}"
    return f"{_shown(url)}: {written} ({size:,} bytes)"


def compared(counts: Mapping[str, int]) -> dict[str, int]:
    """Return how many pages of earlier crawls were as they were, changed and so on."""
    kinds = {kind: counts.get(f"store/changes/{kind}", 0) for kind in _KINDS}
    same = counts.get("store/pages", 0) - sum(kinds.values()) + kinds["gone"]
    unchanged = counts.get("store/checks", 0)
    found = {"not modified": unchanged, "with the same content": same, **kinds}
    return {what: count for what, count in found.items() if count}


def _shown(url: str) -> str:
    """Return ``url`` without secrets, which no path of a folder has."""
    return masked(url) if "://" in url else url
