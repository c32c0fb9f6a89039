from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.fleet.breadcrumb import Breadcrumb, CurrentPage, read_breadcrumb

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND = (
    CurrentPage((5 << 32) + 1, "http://a.test/ä"),
    CurrentPage((5 << 32) + 2, "http://a.test/2"),
)


def test_a_reader_finds_the_page_noted_last(tmp_path: Path) -> None:
    breadcrumb = Breadcrumb(tmp_path / "page")
    assert read_breadcrumb(tmp_path / "page") is None
    for page in (FIRST, SECOND, FIRST):
        breadcrumb.note(page)
        assert read_breadcrumb(tmp_path / "page") == page


def test_a_page_is_cleared_unless_another_has_been_noted_since(tmp_path: Path) -> None:
    breadcrumb = Breadcrumb(tmp_path / "page")
    breadcrumb.note(FIRST)
    breadcrumb.note(SECOND)
    breadcrumb.clear(FIRST)
    assert read_breadcrumb(tmp_path / "page") == SECOND
    breadcrumb.clear(SECOND)
    assert read_breadcrumb(tmp_path / "page") is None


def test_closing_clears_the_page_and_ignores_later_notes(tmp_path: Path) -> None:
    breadcrumb = Breadcrumb(tmp_path / "page")
    breadcrumb.note(FIRST)
    breadcrumb.close()
    breadcrumb.close()
    breadcrumb.note(SECOND)
    breadcrumb.clear(SECOND)
    assert read_breadcrumb(tmp_path / "page") is None


def test_a_long_url_is_truncated(tmp_path: Path) -> None:
    breadcrumb = Breadcrumb(tmp_path / "page")
    breadcrumb.note(CurrentPage(1, "http://a.test/" + "x" * 10_000))
    found = read_breadcrumb(tmp_path / "page")
    assert found is not None
    assert 4000 < len(found.url) < 4096


def test_a_file_that_is_missing_or_too_short_names_no_page(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"abc")
    assert read_breadcrumb(tmp_path / "short") is None
    assert read_breadcrumb(tmp_path / "missing") is None
