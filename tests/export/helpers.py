"""Exports in this process, and readers of the files that come out."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import openpyxl
from pyarrow import parquet

from crawlproj.export.export import Exported, Request, export
from crawlproj.store.url import store_from_url
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from crawlproj.store.base import Row

SUFFIXES = (".csv", ".jsonl", ".parquet", ".sqlite", ".xlsx")


def fill(url: str, rows: Sequence[Row]) -> None:
    """Store ``rows``."""
    store = store_from_url(url)
    run(store.open())
    assert run(store.write(rows)).rejected == {}
    run(store.close())


def exported(
    url: str, path: Path, *, progress: Callable[[int], None] = lambda _: None, **more: Any
) -> Exported:
    """Export to ``path``; more: fields of the Request."""
    return export(Request(path, **more), url, begin=lambda *_: None, progress=progress)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of any format, as its usual reader has them."""
    return _READERS[path.suffix](path)


def _csv(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _parquet(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


def _sqlite(path: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        ((table,),) = db.execute("SELECT name FROM sqlite_schema").fetchall()
        return [dict(row) for row in db.execute(f'SELECT * FROM "{table}"')]  # noqa: S608


def _xlsx(path: Path) -> list[dict[str, Any]]:
    with closing(openpyxl.load_workbook(path)) as book:
        heading, *rows = book.worksheets[0].iter_rows(values_only=True)
        return [dict(zip(map(str, heading), row, strict=True)) for row in rows]


_READERS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
    ".sqlite": _sqlite,
    ".xlsx": _xlsx,
}
