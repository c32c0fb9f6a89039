"""Rows to write, and what DuckDB reads of the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from crawlproj.items import Page
from crawlproj.parquet.rows import row_of

if TYPE_CHECKING:
    from pathlib import Path

    from crawlproj.parquet.rows import Row

NOON = 1_764_331_200.0  # of 2025-11-28, UTC


def page(number: int, site: str = "a.test", **fields: Any) -> Page:
    url = f"http://{site}/{number}"
    return Page(url, url, 200, text=f"text {number}", fetched_at=NOON, **fields)


def row(number: int, site: str = "a.test", *, generation: int = 1, **fields: Any) -> Row:
    """Return the row of a page; equal arguments are the same page."""
    made = page(number, site, **fields)
    return row_of(made, None, made.url, ("job", generation, site, number))


def read(folder: Path, table: str = "pages") -> list[dict[str, Any]]:
    """Return the rows of all files of a table."""
    if not any(folder.glob(f"{table}/**/*.parquet")):
        return []
    with duckdb.connect() as db:
        found = db.execute(
            f"SELECT * FROM read_parquet('{folder}/{table}/**/*.parquet', union_by_name = true)"  # noqa: S608
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, values, strict=True)) for values in found.fetchall()]


def urls(folder: Path) -> list[str]:
    """Return the URLs of the pages in the files, sorted."""
    return sorted(row["url"] for row in read(folder))
