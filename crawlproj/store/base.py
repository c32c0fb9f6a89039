"""The contract of a store, which keeps pages, what became of other URLs, and items of any type.

1. ``write`` is atomic. Once it returns, the rows survive a SIGKILL.
2. Rows of ``pages``, ``failures`` and ``skipped`` are upserted by URL: of two rows with the same
   URL, the later one stays. Storing a page removes the URL's row in the other two tables; a failure
   and a skipped URL replace each other, and leave an older page unchanged.
3. Any other table holds the items of one type, upserted by ``Row.key``. ``write`` creates it, adds
   a column when an item first has a value for a field, and widens a column whose values have become
   of several kinds; see item_rows.py. A later row with the same key replaces all fields. A table of
   another program is left alone, and the row rejected.
4. A row of ``checks`` notes that a page that is stored is as it was: it sets ``checked_at``, and
   removes the URL's row in ``failures`` and ``skipped``.
5. ``changes`` has a row for each page that is new, changed, gone or back (see revisions.py), which
   ``write`` adds in the same transaction, with the columns of ``pages`` that it fills in itself:
   ``duplicate_of``, ``first_seen_at``, ``changed_at``, ``checked_at``, ``gone_at``, ``history``. A
   page is gone when its URL fails with 404 or 410 the second time in a row: two checks, with
   different ``failed_at``.
6. ``hints`` has a row for each URL of which a sitemap gave a date or a frequency, apart from the
   other tables. The last date that was noted before the last check of a page is kept (``told``).
   While a believed site says that a page is as it was checked, the page is as good as checked
   again: if the next check finds a change, ``history`` dates it after that (``vouched_at``).
7. A bad row never fails its batch: ``write`` stores the other rows and reports the bad one.
8. A busy or briefly unreachable database raises StoreBusy: nothing was written, so try again.
   Anything else that fails the whole batch raises StoreError.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawlproj.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CHECKS", "HINTS", "Checked", "ReadChecked", "Row", "Store", "StoreBusy", "Stored"]

CHECKS = "checks"
"""The table that rows name which say that a page is as it was: ``url`` and ``checked_at``."""

HINTS = "hints"
"""The table of what sitemaps say of pages. A row has ``noted_at`` and ``hints``: tuples of a URL,
its lastmod (unix seconds) or None, its changefreq or None, and whether the site is believed."""


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
        """The name of the row in a message: its URL, or its table and page."""
        return str(self.values.get("url")) if not self.key else f"{self.table} of {self.page}"


@dataclass(frozen=True, slots=True)
class Stored:
    """The result of a write.

    rejected: index in the batch → why the row could not be stored.
    duplicates: index in the batch → URL of the first page with the same content_hash.
    changes: how many rows ``changes`` got, by kind.
    """

    rejected: dict[int, str] = field(default_factory=dict)
    duplicates: dict[int, str] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Checked:
    """The known facts about a URL that was asked for before.

    table: pages, failures or skipped; a page may have failed or been skipped since. depth: as in
    Page. at: when the last answer came, whatever it was (unix seconds). reason: why it failed or
    was skipped, "" if it was not. missing: the last answer was that there is no such page.
    etag, last_modified: as in Page; "" if the server sent the same ones with another content.
    history: as in ``pages``. leads_to: where it redirects to, if it was skipped as redirected.
    lastmod, changefreq, noted_at: what sitemaps said last, and when (unix seconds).
    told, told_at: the lastmod that was noted last before the last check, and when. fetched_at: when
    the version that is stored was fetched (unix seconds).
    """

    table: str
    url: str
    depth: int
    at: float
    reason: str
    missing: bool
    content_hash: str
    etag: str | None
    last_modified: str | None
    history: str | None
    leads_to: str = ""
    lastmod: float | None = None
    changefreq: str | None = None
    noted_at: float | None = None
    told: float | None = None
    told_at: float | None = None
    fetched_at: float | None = None


ReadChecked = Callable[[str, str, str | None, int], Awaitable[list[Checked]]]
"""As Store.checked."""


class Store(ABC):
    """A store as the module docstring defines it. Not thread-safe: use it in one task at a time.

    search: set before ``open``, it makes the store keep a full-text index of the pages, in the
        transactions that store them. searchable: whether the store can.
    refreshable: whether ``checked`` and rows of ``checks`` work.
    history: set before ``open``, it makes the store keep the text that a changed page had, in
        ``changes``, compressed with zstandard. keeps_history: whether the store can.
    """

    search = False
    searchable = False
    history = False
    keeps_history = False
    refreshable = False

    @abstractmethod
    async def open(self) -> None:
        """Connect, and create or check the tables.

        Raises StoreError naming the database if it is not writable or has tables of another
        program.
        """

    @abstractmethod
    async def write(self, rows: Sequence[Row]) -> Stored:
        """Upsert ``rows`` in order, in one transaction."""

    async def checked(
        self,
        table: str,
        start: str,  # noqa: ARG002 - the contract
        end: str | None,  # noqa: ARG002
        limit: int,  # noqa: ARG002
    ) -> list[Checked]:
        """Return up to ``limit`` rows of a table, in the order of the bytes of their URLs.

        table: pages; or failures, or skipped, without the URLs of pages. start, end: of the range
        of URLs, the start included, the end left out; None: all that follow.

        Raises StoreError if the store is not ``refreshable``.
        """
        raise StoreError(f"a {type(self).__name__} cannot read its {table} in order")

    @abstractmethod
    async def count(self) -> dict[str, int]:
        """Return the number of pages, failures, skipped URLs and duplicates (of another page)."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect. Does nothing if already closed."""
