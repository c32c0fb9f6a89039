from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.fleet.breadcrumb import Breadcrumb, PageInHand, read_breadcrumb

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND = (
    PageInHand((5 << 32) + 1, "http://a.test/ä"),
    PageInHand((5 << 32) + 2, "http://a.test/2"),
)


def test_the_page_noted_last_is_read_back(tmp_path: Path) -> None:
    breadcrumb = Breadcrumb(tmp_path / "page")
    assert read_breadcrumb(tmp_path / "page") is None
    for page in (FIRST, SECOND, FIRST):
        breadcrumb.note(page)
        assert read_breadcrumb(tmp_path / "page") == page


def test_a_page_that_has_ended_is_forgotten_unless_another_took_its_place(tmp_path: Path) -> None:
    breadcrumb = Breadcrumb(tmp_path / "page")
    breadcrumb.note(FIRST)
    breadcrumb.note(SECOND)
    breadcrumb.clear(FIRST)
    assert read_breadcrumb(tmp_path / "page") == SECOND
    breadcrumb.clear(SECOND)
    assert read_breadcrumb(tmp_path / "page") is None


def test_a_worker_that_ended_in_order_was_on_no_page(tmp_path: Path) -> None:
    breadcrumb = Breadcrumb(tmp_path / "page")
    breadcrumb.note(FIRST)
    breadcrumb.close()
    breadcrumb.close()
    breadcrumb.note(SECOND)
    breadcrumb.clear(SECOND)
    assert read_breadcrumb(tmp_path / "page") is None


def test_a_long_url_is_cut(tmp_path: Path) -> None:
    breadcrumb = Breadcrumb(tmp_path / "page")
    breadcrumb.note(PageInHand(1, "http://a.test/" + "x" * 10_000))
    found = read_breadcrumb(tmp_path / "page")
    assert found is not None
    assert 4000 < len(found.url) < 4096


def test_a_file_that_is_missing_or_too_short_names_no_page(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"abc")
    assert read_breadcrumb(tmp_path / "short") is None
    assert read_breadcrumb(tmp_path / "missing") is None
