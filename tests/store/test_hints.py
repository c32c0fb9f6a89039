"""Every store keeps what sitemaps say of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.store.base import Row
from crawlproj.store.item_rows import table_of
from tests.frontier.helpers import run
from tests.store.helpers import page

if TYPE_CHECKING:
    from crawlproj.store.base import Checked
    from tests.store.backends import Backend

URL = "http://a/"


def seen(at: float, body: str) -> Row:
    return page(URL, body, text=body, fetched_at=at)


def says(
    noted_at: float, lastmod: float | None, changefreq: str | None = None, *, believed: bool = True
) -> Row:
    changed_at = None if lastmod is None else float(lastmod)
    hints = [("http://a/new", 1.0, None, believed), (URL, changed_at, changefreq, believed)]
    return Row("hints", {"url": "http://a/map", "noted_at": noted_at, "hints": hints})


def known(backend: Backend) -> Checked:
    return next(row for row in run(backend.store.checked("pages", "", None, 9)) if row.url == URL)


def history(backend: Backend) -> str:
    return str(backend.look("SELECT trim(history) FROM pages")[0][0])


def test_what_a_sitemap_said_last_is_known_with_the_page(backend: Backend) -> None:
    backend.write(says(50, None, "daily"))
    backend.write(seen(100, "x"))
    row = known(backend)
    assert (row.lastmod, row.changefreq, row.noted_at) == (None, "daily", 50)
    backend.write(says(200, 150), says(210, 160, "weekly"))
    row = known(backend)
    assert (row.lastmod, row.changefreq, row.noted_at) == (160, "weekly", 210)


def test_what_was_said_before_the_last_check_is_kept_beside_it(backend: Backend) -> None:
    backend.write(seen(100, "x"), says(150, 120))
    assert (known(backend).told, known(backend).told_at) == (None, None)
    backend.write(Row("checks", {"url": URL, "checked_at": 200.0}))
    assert (known(backend).told, known(backend).told_at) == (120, 150)
    backend.write(says(250, 240))
    backend.write(says(260, 255))
    row = known(backend)
    assert (row.lastmod, row.told, row.told_at) == (255, 120, 150)


def test_a_change_is_dated_after_a_believed_site_said_that_there_was_none(
    backend: Backend,
) -> None:
    backend.write(seen(100, "x"))
    backend.write(says(150, 90))
    backend.write(says(180, 90))
    backend.write(says(210, 200))
    backend.write(seen(220, "y"))
    assert history(backend) == "[-80,40]"
    backend.write(seen(300, "z"))  # the word of the sitemap was for the time before
    assert history(backend) == "[-80,40,80]"


def test_a_site_that_is_not_believed_dates_nothing(backend: Backend) -> None:
    backend.write(seen(100, "x"))
    backend.write(says(150, 90))
    backend.write(says(180, 90, believed=False))
    backend.write(says(210, 200, believed=False))
    backend.write(seen(220, "y"))
    assert history(backend) == "[120]"


def test_a_page_that_was_announced_at_first_is_not_vouched_for(backend: Backend) -> None:
    backend.write(seen(100, "x"))
    backend.write(says(150, 120))
    backend.write(seen(200, "y"))
    assert history(backend) == "[100]"


def test_items_of_a_class_of_that_name_have_another_table() -> None:
    assert table_of("Hints") == "item_hints"
