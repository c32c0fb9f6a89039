"""``python -m crawlproj.serve.database.sqlite_worker FILE``: a process for slow queries.

Standard input brings frames, standard output takes them: a letter, a length of four bytes, and
that many bytes.

::

    Q  a query, as JSON: sql, parameters, rows, bytes, form ("rows" for values), seconds,
       most_seconds, key
    C  cancel the query that runs; empty
    R  the process is ready; empty
    D  a part of the answer: encoded rows, or all rows in the format of ``marshal``
    E  the end, as JSON: columns, rows, last, cut; or error, kind

It ends when its standard input does, so it never outlives the server. It runs with the lowest
claim to a processor, so that slow queries use what short ones and the crawl leave.
"""

from __future__ import annotations

import json
import marshal
import os
import queue
import resource
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

from crawlproj.serve.database.base import Caps, DatabaseError
from crawlproj.serve.database.encoding import json_bytes
from crawlproj.serve.database.frames import read_frame, write_frame
from crawlproj.serve.database.sqlite_reading import encode_rows, explained, open_reader, read_rows

_NICE = 10
_MAX_MEMORY = 512 * 1024**2
_MAX_TEMPORARY = 1024**3  # bytes of a file that a large sort writes
_CHUNK = 256 * 1024
_STEPS = 20_000  # of SQLite's machine between two looks at the clock: about a millisecond


class _Worker:
    def __init__(self, path: Path, answers: BinaryIO) -> None:
        self._path = path
        self._answers = answers
        self._db: sqlite3.Connection | None = None
        self._deadline = 0.0
        self.cancelled = threading.Event()

    def serve(self, query: dict[str, Any]) -> None:
        """Answer a query."""
        self._deadline = time.monotonic() + query["seconds"]
        try:
            end = self._run(query)
        except sqlite3.Error as exc:
            error = explained(exc, self._path)
            end = {"error": str(error), "kind": type(error).__name__}
        except DatabaseError as exc:
            end = {"error": str(exc), "kind": type(exc).__name__}
        except MemoryError:
            end = {"error": "it needs too much memory; ask for less", "kind": "Refused"}
        write_frame(self._answers, b"E", json_bytes(end))

    def _run(self, query: dict[str, Any]) -> dict[str, Any]:
        if self._db is None:
            self._db = open_reader(self._path)
            self._db.set_progress_handler(self._must_stop, _STEPS)
        caps = Caps(query["rows"], query["bytes"], query["most_seconds"], tuple(query["key"]))
        if query["form"] == "rows":
            found = read_rows(self._db, query["sql"], query["parameters"], caps)
            write_frame(self._answers, b"D", marshal.dumps(found.rows))
            return {"cut": found.cut}
        encoded = encode_rows(self._db, query["sql"], query["parameters"], caps, query["form"])
        part: list[bytes] = []
        size = 0
        for chunk in encoded.chunks:
            part.append(chunk)
            size += len(chunk)
            if size >= _CHUNK:
                write_frame(self._answers, b"D", b"".join(part))
                part, size = [], 0
        write_frame(self._answers, b"D", b"".join(part))
        return {
            "columns": encoded.columns,
            "rows": encoded.rows,
            "last": encoded.last,
            "cut": encoded.cut,
        }

    def _must_stop(self) -> bool:
        return self.cancelled.is_set() or time.monotonic() > self._deadline


def main(path: Path) -> None:
    """Serve until standard input ends."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_TEMPORARY, _MAX_TEMPORARY))
    worker = _Worker(path, sys.stdout.buffer)
    write_frame(sys.stdout.buffer, b"R", b"")
    queries: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(worker, queries), daemon=True).start()
    while True:
        worker.serve(queries.get())


def _listen(worker: _Worker, queries: queue.SimpleQueue[dict[str, Any]]) -> None:
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        kind, content = frame
        if kind == b"C":
            worker.cancelled.set()
        else:
            worker.cancelled.clear()
            queries.put(json.loads(content))
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
