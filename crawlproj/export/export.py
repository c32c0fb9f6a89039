"""Writes a table of the store to a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError, ExportError
from crawlproj.export.formats.table import format_of
from crawlproj.export.misspelt import misspelt_filters
from crawlproj.export.selection import Filters, Selection, chosen
from crawlproj.export.url import source_from_url
from crawlproj.export.whole_file import whole_file
from crawlproj.frontier.url import sqlite_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from crawlproj.export.formats.base import Writer
    from crawlproj.export.source import Source

_STEP = 100  # rows between two calls of ``progress``


@dataclass(frozen=True, slots=True)
class Request:
    """A request for an export. table: "" if the file's name says it. columns: none for all."""

    path: Path
    table: str = ""
    columns: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export. notes: sentences that the file's reader should know."""

    table: str
    rows: int
    notes: tuple[str, ...]


def export(
    request: Request,
    store_url: str,
    *,
    keep: Sequence[str] = (),
    begin: Callable[[str, Callable[[], int]], None],
    progress: Callable[[int], None],
) -> Exported:
    """Write the file whole, or not at all.

    keep: URLs of databases that the file must not replace. begin: is called once with the table,
    and with what counts the rows to come. progress: is called with the number of rows so far.
    Raises ConfigError, ExportError, StoreError.
    """
    path = request.path
    form = format_of(path)
    _check_place(path, (store_url, *keep))
    with source_from_url(store_url) as source:
        selection = _selection(source, request)
        if form.typed:
            columns = source.of_one_kind(selection)
            selection = Selection(selection.table, columns, selection.filters, selection.limit)
        begin(selection.table, lambda: source.count(selection))
        try:
            with whole_file(path) as part:
                writer = form(part, selection.table, selection.columns)
                rows, note = _write(writer, source, selection, progress)
        except OSError as exc:
            raise ExportError(
                f"{path} was not written ({exc.strerror or exc}); free space on its disk, or name "
                "a file on another"
            ) from exc
        notes = (*([note] if note else ()), *misspelt_filters(source, selection))
    return Exported(selection.table, rows, notes)


def _write(
    writer: Writer, source: Source, selection: Selection, progress: Callable[[int], None]
) -> tuple[int, str]:
    count = 0
    try:
        for row in source.rows(selection):
            writer.write(row)
            count += 1
            if count % _STEP == 0:
                progress(count)
        note = writer.finish()
    except BaseException:
        writer.abandon()
        raise
    progress(count)
    return count, note


def _selection(source: Source, request: Request) -> Selection:
    tables = source.tables()
    table = request.table or request.path.stem
    if table not in tables:
        problem = (
            f"the store has no table {table!r}"
            if request.table
            else f"{request.path.name} is not named after a table: say which one with --table"
        )
        raise ConfigError(f"{problem}; its tables are: {', '.join(tables)}")
    request.filters.check(table)
    columns = chosen(request.columns, source.columns(table), table)
    return Selection(table, columns, request.filters, request.limit)


def _check_place(path: Path, databases: Sequence[str]) -> None:
    """Raise ExportError if the file would replace what must stay."""
    if path.exists() and not path.is_file():
        raise ExportError(f"{path} is not a file; name one to write")
    for url in databases:
        if url.lower().startswith("sqlite:"):
            database = sqlite_path(url, "STORE_URL")
            if database.exists() and path.exists() and database.samefile(path):
                raise ExportError(f"{path} is the crawl's own database; name another file")
    for suffix in ("-wal", "-journal"):
        log = path.with_name(path.name + suffix)
        if log.exists():
            # SQLite would apply it to the new file.
            raise ExportError(
                f"{path} is an SQLite database that is in use ({log.name} is beside it); close it, "
                "or name another file"
            )
