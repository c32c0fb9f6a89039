"""A file that is deleted or replaced while it is open is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.open_paths import OpenPath, is_deleted

if TYPE_CHECKING:
    from pathlib import Path


def test_a_path_is_lost_when_it_leads_nowhere_or_to_another_file(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "crawl.db"
    path.touch()
    open_path = OpenPath(path)
    path.write_text("more")
    found = [open_path.lost]
    path.rename(folder / "other.db")
    found.append(open_path.lost)
    path.touch()
    found.append(open_path.lost)
    (folder / "other.db").rename(path)
    found.append(open_path.lost)
    folder.rename(tmp_path / "moved")
    found.append(open_path.lost)
    assert found == [False, True, True, False, True]


def test_an_open_file_is_deleted_when_it_has_no_name(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        (tmp_path / "a").rename(tmp_path / "b")
        assert not is_deleted(file.fileno())
        (tmp_path / "b").unlink()
        assert is_deleted(file.fileno())
