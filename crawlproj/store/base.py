"""The contract of a store, which keeps pages and failures.

1. ``write`` is atomic. Once it returns, the rows survive a SIGKILL.
2. Rows are upserted by URL: of two rows with the same URL, the later one stays. Storing a page
   removes the failure of its URL; storing a failure leaves an older page unchanged.
3. A bad row never fails its batch: ``write`` stores the other rows and reports the bad one.
4. A busy or briefly unreachable database raises StoreBusy: nothing was written, so try again.
   Anything else that fails the whole batch raises StoreError.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from crawlproj.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Row", "Store", "StoreBusy", "Stored", "Table"]

Table = Literal["pages", "failures"]
"""The tables of a store."""


class StoreBusy(StoreError):
    """The database is locked or unreachable at the moment. Nothing was written; try again."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row to upsert.

    table: "pages" or "failures".
    values: column → value; must include "url". Values for which ``pages`` has no column are kept
        as JSON in its ``extra`` column.
    """

    table: Table
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """The result of a write.

    rejected: index in the batch → why the row could not be stored.
    duplicates: index in the batch → URL of the first page with the same content_hash.
    """

    rejected: dict[int, str] = field(default_factory=dict)
    duplicates: dict[int, str] = field(default_factory=dict)


class Store(ABC):
    """A store as the module docstring defines it. Not thread-safe: use it in one task at a time."""

    @abstractmethod
    async def open(self) -> None:
        """Connect, and create or check the tables.

        Raises StoreError naming the database if it is not writable or has tables of another
        program.
        """

    @abstractmethod
    async def write(self, rows: Sequence[Row]) -> Stored:
        """Upsert ``rows`` in order, in one transaction."""

    @abstractmethod
    async def count(self) -> dict[str, int]:
        """Return the number of ``pages``, ``failures`` and ``duplicates`` (of another page)."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect. Does nothing if already closed."""
