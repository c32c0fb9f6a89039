"""The contract of a database that is queried.

1. A connection serves one task at a time. Cancelling the task cancels its query in the database,
   and the connection is then as good as new, or replaced.
2. Nothing can be written: the connection and what SQL may do on it both forbid it.
3. Parameters are named, ``:name`` in the SQL, and always bound.
4. No answer is larger than its caps; see ``Caps``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crawlproj.errors import CrawlprojError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

Form = Literal["json", "ndjson", "csv"]
"""How rows are encoded: as JSON arrays with commas between, JSON objects by line, or CSV lines."""


class DatabaseError(CrawlprojError):
    """The database cannot be opened or queried; the message says what to do."""


class NotThere(DatabaseError):
    """The file or the tables do not exist yet."""


class Refused(DatabaseError):
    """The SQL is wrong, or does what only a writer may; the message says what."""


class TookTooLong(DatabaseError):
    """The database itself stopped the query at its limit, before the server did."""


@dataclass(frozen=True, slots=True)
class Caps:
    """The most rows of an answer, and the most bytes of their values.

    seconds: after which no further row is added to an encoded answer, which has at least one.
    key: columns of an encoded answer by which its rows are ordered, and which tell them apart.
    """

    rows: int
    bytes: int
    seconds: float = math.inf
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an answer. cut: "rows" or "bytes" if there were more than fit; "" if not."""

    rows: list[Sequence[Any]]
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An answer as bytes.

    columns: names. chunks: the rows, without a heading. rows: how many. last: the values of the
    key's columns in the last row; empty without rows or a key. cut: as in ``Rows``, or "time".
    """

    columns: list[str]
    chunks: list[bytes]
    rows: int
    last: list[Any]
    cut: str


class Connection(ABC):
    """A connection for the length of a request; see the module docstring."""

    @abstractmethod
    async def fetch(self, sql: str, parameters: Mapping[str, Any], caps: Caps) -> Rows:
        """Return the rows of a query. Raises DatabaseError."""

    @abstractmethod
    async def encode(
        self, sql: str, parameters: Mapping[str, Any], caps: Caps, form: Form
    ) -> Encoded:
        """Return the rows of a query, encoded without keeping this thread. Raises DatabaseError."""

    @abstractmethod
    async def check_role(self) -> None:
        """Check that SQL of a user's own can do nothing but read. Raises Refused."""

    def lag_s(self) -> float:
        """Return how many seconds its queries so far waited for this process, as far as known."""
        return 0.0


class Pool(ABC):
    """Connections of one lane."""

    @abstractmethod
    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """Lend a connection. Raises NotThere if there is no database yet, DatabaseError."""

    @abstractmethod
    async def close(self) -> None:
        """Close all connections; queries that run are cancelled."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The differences between the SQL of the databases.

    name: "sqlite" or "postgresql". by_bytes: appended to a text column that is compared or sorted,
    so that prefixes are ranges.
    """

    name: str
    by_bytes: str


SQLITE = Dialect("sqlite", "")
POSTGRESQL = Dialect("postgresql", ' COLLATE "C"')


@dataclass(frozen=True, slots=True)
class Database:
    """A database with a pool for each lane."""

    dialect: Dialect
    fast: Pool
    slow: Pool

    async def close(self) -> None:
        """Close both pools."""
        await self.fast.close()
        await self.slow.close()
