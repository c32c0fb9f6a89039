"""What is served: queries to a database, short ones and slow ones.

``/item/n`` is a short query, a row of a SQLite database by its key. ``/report/n`` is a slow one:
the same, after a wait that stands for another machine's work on a large query.
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
SHORT, SLOW = "/item/", "/report/"

OK, NOT_FOUND, UNAVAILABLE = "200 OK", "404 Not Found", "503 Service Unavailable"

_VARIABLE = "CRAWLPROJ_LAB_SERVE"  # servers start processes of their own that inherit it


@dataclass(frozen=True, slots=True)
class Service:
    """folder: of the database, and for a server's own files. port: of 127.0.0.1.

    slow_s: what a slow query waits. places: queries at a time, where a model has a bound.
    limit_s: after which a model with a time limit gives up a slow query, waiting for a place
    included.
    """

    folder: str
    port: int
    slow_s: float
    places: int
    limit_s: float

    @classmethod
    def here(cls) -> Service:
        """Return what this process serves."""
        return cls(**json.loads(os.environ[_VARIABLE]))

    def environment(self) -> Mapping[str, str]:
        """Return what a process needs in its environment for ``here``."""
        return {_VARIABLE: json.dumps(asdict(self))}

    @property
    def database(self) -> str:
        """The file."""
        return f"{self.folder}/items.db"

    def listen(self, *, share: bool = False) -> socket.socket:
        """Listen at the port; share: other sockets may, and the kernel shares connections out."""
        return socket.create_server(
            ("127.0.0.1", self.port), backlog=BACKLOG, reuse_port=share
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """A row's number, and whether it is a slow query's."""

    number: int
    slow: bool

    @classmethod
    def of(cls, path: str) -> Query | None:
        """Read a request's path; None if there is no such thing."""
        for prefix in (SHORT, SLOW):
            number = path.removeprefix(prefix)
            if number != path and number.isdecimal() and int(number) < ITEMS:
                return cls(int(number), prefix == SLOW)
        return None

    @property
    def path(self) -> str:
        """Where it is asked for."""
        return f"{SLOW if self.slow else SHORT}{self.number}"


class Items:
    """The rows, by number; a connection to the database for each thread, or greenlet."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._mine = threading.local()

    def answer(self, query: Query) -> bytes:
        """Return the short query's answer, and what is left of a slow one after its wait."""
        connection: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            self._mine.connection = connection = sqlite3.connect(self._database)
        row = connection.execute("SELECT name FROM item WHERE number = ?", (query.number,))
        return _body(query, row.fetchone()[0])


def respond(items: Items, path: str, wait: Callable[[], object]) -> tuple[str, bytes]:
    """Return status and body for a path. wait: does a slow query's wait, blocking."""
    query = Query.of(path)
    if query is None:
        return NOT_FOUND, b""
    if query.slow:
        wait()
    return OK, items.answer(query)


def expected(query: Query) -> bytes:
    """Return what is the right answer, without a database."""
    return _body(query, _name(query.number))


def make_database(database: str) -> None:
    """Make the file, with all rows."""
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
