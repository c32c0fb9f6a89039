"""A file is there whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import ExportError
from crawlproj.export.whole_file import whole_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_takes_its_place_at_the_end_with_the_mode_0600(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    path.chmod(0o644)
    with whole_file(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_after_an_exception_the_old_file_stays_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")

    def write_half() -> None:
        with whole_file(path) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    (tmp_path / ".a.csv.part").write_text("left behind, and longer")
    (tmp_path / ".a.csv.part").chmod(0o644)
    with whole_file(path) as part:
        assert part.read_text() == ""
        part.write_text("new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_exports_never_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with whole_file(path) as part:
        part.write_text("first")
        with pytest.raises(ExportError, match=r"another export is writing"), whole_file(path):
            pass
    assert path.read_text() == "first"


def test_a_link_that_somebody_put_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("stay")
    (tmp_path / ".a.csv.part").symlink_to(tmp_path / "precious")
    with (
        pytest.raises(ExportError, match=r"a\.csv cannot be written"),
        whole_file(tmp_path / "a.csv"),
    ):
        pass
    assert (tmp_path / "precious").read_text() == "stay"


def test_a_folder_that_is_missing_or_not_writable_is_an_error_that_names_the_file(
    tmp_path: Path,
) -> None:
    missing = tmp_path / "missing" / "a.csv"
    with (
        pytest.raises(ExportError, match=r"a\.csv cannot be .* folder"),
        whole_file(missing),
    ):
        pass
    if os.geteuid() != 0:  # root may write anywhere
        tmp_path.chmod(0o500)
        with (
            pytest.raises(ExportError, match="you may write there"),
            whole_file(tmp_path / "a.csv"),
        ):
            pass
