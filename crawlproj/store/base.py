"""The store contract: where pages and failures go.

1. ``write`` is atomic and durable against SIGKILL when it returns.
2. Rows are upserted by URL: writing the same page twice leaves one row, the later one. A page that
   is stored removes the failure of the same URL; a failure leaves an older page as it was.
3. One bad row never fails its batch: ``write`` stores the others and reports the bad one.
4. A busy or briefly unreachable database raises StoreBusy: nothing was written, try again.
   Anything else that fails the whole batch raises StoreError.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from crawlproj.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


Table = Literal["pages", "failures"]


class StoreBusy(StoreError):
    """The database is locked or away for the moment. Nothing was written; retry."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row to upsert.

    table: "pages" or "failures".
    values: column → value; must hold "url". Keys that are no column of ``pages`` are kept, as JSON,
        in its ``extra`` column.
    """

    table: Table
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """What a write did.

    rejected: index into the batch → why that row could not be stored.
    duplicates: index into the batch → url of the earlier page with the same content_hash.
    """

    rejected: dict[int, str] = field(default_factory=dict)
    duplicates: dict[int, str] = field(default_factory=dict)


class Store(ABC):
    """See the module docstring for the rules. Used by one task at a time; not thread-safe."""

    @abstractmethod
    async def open(self) -> None:
        """Connect and create or check the tables.

        Raises StoreError naming the place if it cannot be written or holds something foreign.
        """

    @abstractmethod
    async def write(self, rows: Sequence[Row]) -> Stored:
        """Upsert ``rows`` in order."""

    @abstractmethod
    async def count(self) -> dict[str, int]:
        """Rows by table, and ``duplicates``: pages with a ``duplicate_of``."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect. Idempotent."""
