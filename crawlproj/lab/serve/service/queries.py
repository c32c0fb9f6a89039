"""The service that every model provides: short and slow queries to a database.

``/item/n`` is a short query: a row of a SQLite database, by its key. ``/report/n`` is a slow one:
the same row, after a wait that stands for another machine's work on a large query.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ITEMS = 10_000
BACKLOG = 1024
SLOTS = 4
"""Queries at a time in every model that limits them: processes, threads, or both multiplied."""

OK, NOT_FOUND, UNAVAILABLE = "200 OK", "404 Not Found", "503 Service Unavailable"

_SHORT, _SLOW = "/item/", "/report/"
_VARIABLE = "CRAWLPROJ_LAB_SERVE"  # inherited by the processes that a server starts


@dataclass(frozen=True, slots=True)
class Service:
    """folder: for the database, and for a server's own files. port: of 127.0.0.1.

    slow_s: how long a slow query waits. slots: queries at a time, for models that limit them.
    limit_s: after so many seconds, a model with a time limit gives up a slow query; the wait for a
    slot is included.
    """

    folder: str
    port: int
    slow_s: float
    slots: int
    limit_s: float

    @classmethod
    def from_environment(cls) -> Service:
        """Return the service that this process is to provide."""
        return cls(**json.loads(os.environ[_VARIABLE]))

    def environment(self) -> Mapping[str, str]:
        """Return the environment variable that ``from_environment`` reads."""
        return {_VARIABLE: json.dumps(asdict(self))}

    @property
    def database(self) -> str:
        """The path of the database."""
        return f"{self.folder}/items.db"

    def listen(self, *, reuse_port: bool = False) -> socket.socket:
        """Listen at the port. reuse_port: let the kernel distribute connections over listeners."""
        return socket.create_server(
            ("127.0.0.1", self.port), backlog=BACKLOG, reuse_port=reuse_port
        )


@dataclass(frozen=True, slots=True)
class Query:
    """number: of the row. slow: whether the query waits before it reads the row."""

    number: int
    slow: bool

    @classmethod
    def from_path(cls, path: str) -> Query | None:
        """Read the path of a request; None if it is not a query."""
        for prefix in (_SHORT, _SLOW):
            number = path.removeprefix(prefix)
            if number != path and number.isdecimal() and int(number) < ITEMS:
                return cls(int(number), prefix == _SLOW)
        return None

    @property
    def path(self) -> str:
        """The path of the request."""
        return f"{_SLOW if self.slow else _SHORT}{self.number}"


class Items:
    """The rows of the database, read over a connection per thread or greenlet."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._local = threading.local()

    def read(self, query: Query) -> bytes:
        """Return the body of the response; for a slow query, call this after its wait."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            self._local.connection = connection = sqlite3.connect(self._database)
        row = connection.execute("SELECT name FROM item WHERE number = ?", (query.number,))
        return _body(query, row.fetchone()[0])


def respond(items: Items, path: str, wait: Callable[[], object]) -> tuple[str, bytes]:
    """Return the status and the body for a path. wait: blocks for as long as a slow query takes."""
    query = Query.from_path(path)
    if query is None:
        return NOT_FOUND, b""
    if query.slow:
        wait()
    return OK, items.read(query)


def expected_body(query: Query) -> bytes:
    """Return the right answer to a query, computed without the database."""
    return _body(query, _name(query.number))


def create_database(database: str) -> None:
    """Create the database, with all rows."""
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("CREATE TABLE item (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        rows = ((number, _name(number)) for number in range(ITEMS))
        connection.executemany("INSERT INTO item VALUES (?, ?)", rows)
    connection.close()


def _name(number: int) -> str:
    return f"item {number * 7919 % ITEMS:05}"


def _body(query: Query, name: str) -> bytes:
    return json.dumps({"number": query.number, "name": name, "slow": query.slow}).encode()
