"""The contract of a store that is exported.

1. A source is a context manager. Within it, every query sees the store as it was at the first one,
   also while a crawl writes.
2. It changes nothing, and holds up no writer.
3. ``rows`` yields as it reads: memory does not grow with the table.
4. A failure raises StoreError, which names the database.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from crawlproj.export.selection import Column, Selection

FIXED_TABLES = ("pages", "failures", "skipped", "links", "changes", "dropped_items")
"""The tables that every store has; the others are those of items."""


class Source(ABC):
    """A store as the module docstring defines it."""

    @abstractmethod
    def __enter__(self) -> Self:
        """Connect. Raises StoreError, also if nothing was stored there yet."""

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""

    @abstractmethod
    def tables(self) -> list[str]:
        """Return the names of the tables that hold what a crawl stored."""

    @abstractmethod
    def columns(self, table: str) -> list[Column]:
        """Return the columns of one of ``tables()``, in their order."""

    @abstractmethod
    def of_one_kind(self, selection: Selection) -> tuple[Column, ...]:
        """Return the selection's columns, each with the narrowest kind that holds its values."""

    @abstractmethod
    def count(self, selection: Selection) -> int:
        """Return the number of rows."""

    @abstractmethod
    def rows(self, selection: Selection) -> Iterator[Sequence[Any]]:
        """Yield the rows, in the order in which the database has them."""
