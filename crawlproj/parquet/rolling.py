"""Makes Parquet files of a segment."""

from __future__ import annotations

import json
import logging
from base64 import b64decode
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import compute, parquet

from crawlproj.parquet.rows import TYPES, array_of
from crawlproj.store.item_rows import Kind, stored_as, widest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawlproj.parquet.folders import Folder
    from crawlproj.parquet.segment import Segment

logger = logging.getLogger(__name__)

_WINDOW_BYTES = 16 * 1024 * 1024  # of rows that become row groups at once
# The other columns rarely repeat; looking for what does takes time.
_REPEATING = ["status", "language", "content_type", "depth"]
_OWN = ("_key", "_page")
_GROUP_ITEMS = 10_000


@dataclass(slots=True)
class Rolled:
    """The outcome of a segment. size: bytes of the files."""

    files: int = 0
    rows: int = 0
    size: int = 0


def roll(segment: Segment, folder: Folder) -> Rolled:
    """Write the rows of a segment as a file for each partition.

    The files are a function of the segment, their names included, so doing it again, after a kill
    in its midst, changes nothing. Raises OSError if a file cannot be written.
    """
    pages: dict[str, _PageFile] = {}
    items: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for table in _windows(segment):
        for path, rows in _by_path(table):
            texts = rows.column("_item")
            if texts.null_count == len(texts):
                rows = rows.drop_columns(["_path", "_item"])  # noqa: PLW2901 - the rest of them
                pages.setdefault(path, _PageFile(rows.schema)).add(rows)
            else:
                items[path] += zip(rows.column("_key").to_pylist(), texts.to_pylist(), strict=True)
    rolled = Rolled()
    name = f"part-{segment.name}.parquet"
    for path, file in pages.items():
        _put(folder, f"{path}/{name}", file.finish(), file.rows, rolled)
    for path, found in items.items():
        _put(folder, f"{path}/{name}", _items_file(found), len(found), rolled)
    return rolled


def _put(folder: Folder, name: str, data: Any, rows: int, rolled: Rolled) -> None:
    folder.put(name, data)
    rolled.files += 1
    rolled.rows += rows
    rolled.size += len(data)


def _windows(segment: Segment) -> Iterator[Any]:
    """Yield the segment's rows as tables of about _WINDOW_BYTES, each in one piece."""
    window: list[Any] = []
    size = 0
    for batch, taken in _whole_batches(segment):
        window.append(batch)
        size += taken
        if size >= _WINDOW_BYTES:
            yield pa.Table.from_batches(window).combine_chunks()
            window, size = [], 0
    if window:
        yield pa.Table.from_batches(window).combine_chunks()


def _whole_batches(segment: Segment) -> Iterator[tuple[Any, int]]:
    try:
        yield from segment.batches()
    except (
        pa.ArrowException,
        OSError,
    ) as exc:  # not after a kill, but perhaps after a power failure
        logger.error("%s is damaged; the rows behind that place are lost: %s", segment.path, exc)


def _by_path(table: Any) -> Iterator[tuple[str, Any]]:
    """Yield the rows of each partition."""
    paths = compute.unique(table.column("_path")).to_pylist()
    if len(paths) == 1:
        yield paths[0], table
        return
    for path in paths:
        yield path, table.filter(compute.equal(table.column("_path"), path))


class _PageFile:
    """A Parquet file of pages, in memory: compressed, it is a third of its segment at most."""

    def __init__(self, schema: Any) -> None:
        self.rows = 0
        self._sink = pa.BufferOutputStream()
        self._writer = parquet.ParquetWriter(
            self._sink, schema, compression="zstd", use_dictionary=_REPEATING
        )

    def add(self, table: Any) -> None:
        self.rows += len(table)
        self._writer.write_table(table)

    def finish(self) -> Any:
        self._writer.close()
        return self._sink.getvalue()


def _items_file(rows: Sequence[tuple[str, str]]) -> Any:
    """Return a Parquet file of items that are not pages. rows: their keys, and themselves."""
    kinds: dict[str, Kind] = dict.fromkeys(_OWN, "text")
    for _, text in rows:
        for name, value in _decoded(text).items():
            kind = stored_as(value)[0]
            kinds[name] = widest(kinds.get(name, kind), kind)
    schema = pa.schema([(name, TYPES[kind]) for name, kind in kinds.items()])
    sink = pa.BufferOutputStream()
    with parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for start in range(0, len(rows), _GROUP_ITEMS):  # decoded, they take much more memory
            some = rows[start : start + _GROUP_ITEMS]
            values = [{"_key": key, **_decoded(text)} for key, text in some]
            arrays = [
                array_of([each.get(name) for each in values], kind) for name, kind in kinds.items()
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return sink.getvalue()


def _decoded(text: str) -> dict[str, Any]:
    """Return the stored values of an item; bytes are {"base64": …} in JSON."""
    values: dict[str, Any] = json.loads(text)
    return {
        name: b64decode(value["base64"]) if isinstance(value, dict) else value
        for name, value in values.items()
    }
