"""The contract of a store, which keeps pages, what became of other URLs, and items of any type.

1. ``write`` is atomic. Once it returns, the rows survive a SIGKILL.
2. Rows of ``pages``, ``failures`` and ``skipped`` are upserted by URL: of two rows with the same
   URL, the later one stays. Storing a page removes the URL's row in the other two tables; a failure
   and a skipped URL replace each other, and leave an older page unchanged.
3. Any other table holds the items of one type, upserted by ``Row.key``. ``write`` creates it, adds
   a column when an item first has a value for a field, and widens a column whose values have become
   of several kinds; see item_rows.py. A later row with the same key replaces all fields. A table of
   another program is left alone, and the row rejected.
4. ``changes`` has a row for each page that is new, changed, gone or back (see revisions.py), which
   ``write`` adds in the same transaction, with the columns of ``pages`` that it fills in itself:
   ``duplicate_of``, ``first_seen_at``, ``changed_at``, ``checked_at``, ``gone_at``, ``history``. A
   page is gone when its URL fails with 404 or 410 the second time in a row: two checks, with
   different ``failed_at``.
5. A bad row never fails its batch: ``write`` stores the other rows and reports the bad one.
6. A busy or briefly unreachable database raises StoreBusy: nothing was written, so try again.
   Anything else that fails the whole batch raises StoreError.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawlproj.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Row", "Store", "StoreBusy", "Stored"]


class StoreBusy(StoreError):
    """The database is locked or unreachable at the moment. Nothing was written; try again."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row to upsert.

    table: "pages", "failures", "skipped", or the table of an item type.
    values: column → value. For the first three, must include "url"; values for which ``pages`` has
        no column are kept as JSON in its ``extra`` column. For items, the fields.
    key: identifies an item in its table.
    page: URL of the page that an item came from; "" if there is none.
    """

    table: str
    values: Mapping[str, Any]
    key: str = ""
    page: str = ""

    @property
    def label(self) -> str:
        """What to call the row in a message: its URL, or its table and page."""
        return str(self.values.get("url")) if not self.key else f"{self.table} of {self.page}"


@dataclass(frozen=True, slots=True)
class Stored:
    """The result of a write.

    rejected: index in the batch → why the row could not be stored.
    duplicates: index in the batch → URL of the first page with the same content_hash.
    """

    rejected: dict[int, str] = field(default_factory=dict)
    duplicates: dict[int, str] = field(default_factory=dict)


class Store(ABC):
    """A store as the module docstring defines it. Not thread-safe: use it in one task at a time.

    search: set before ``open``, it makes the store keep a full-text index of the pages, in the
        transactions that store them. searchable: whether the store can.
    history: set before ``open``, it makes the store keep the text that a changed page had, in
        ``changes``, compressed with zstandard. keeps_history: whether the store can.
    """

    search = False
    searchable = False
    history = False
    keeps_history = False

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
        """Return the number of pages, failures, skipped URLs and duplicates (of another page)."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect. Does nothing if already closed."""
