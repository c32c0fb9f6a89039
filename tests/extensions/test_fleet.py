"""Reports of a worker of a fleet to its supervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.extensions.fleet import StatusFile

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_status_that_cannot_be_written_is_told_once_until_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "fleet"
    file = StatusFile(folder / "worker-1.json")
    for _ in range(3):
        file.write("{}")
    assert len(caplog.records) == 1
    folder.mkdir()
    file.write("{}")
    assert (folder / "worker-1.json").read_text() == "{}"
    (folder / "worker-1.json").unlink()
    folder.rmdir()
    file.write("{}")
    assert len(caplog.records) == 2
