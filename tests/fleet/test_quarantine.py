from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawlproj.fleet.quarantine import Quarantine

if TYPE_CHECKING:
    from pathlib import Path


def test_counts_are_kept_for_the_next_supervisor_of_the_same_generation(
    tmp_path: Path,
) -> None:
    path = tmp_path / "killed.json"
    assert Quarantine(path, 1).blame("http://a.test/ä") == 1
    again = Quarantine(path, 1)
    assert again.blame("http://a.test/ä") == 2
    assert again.blame("http://a.test/other") == 1
    assert Quarantine(path, 2).blame("http://a.test/ä") == 1


@pytest.mark.parametrize("garbage", ["", "{", "[]", '{"generation": 1, "kills": 3}'])
def test_an_unreadable_file_starts_the_count_over(tmp_path: Path, garbage: str) -> None:
    path = tmp_path / "killed.json"
    path.write_text(garbage)
    assert Quarantine(path, 1).blame("http://a.test/") == 1
