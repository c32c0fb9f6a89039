"""The status of a worker, as its supervisor sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.fleet.files import status_file
from crawlproj.fleet.seat import Seat
from crawlproj.fleet.worker_status import WorkerStatus

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("owner", "done", "beat", "runs", "worked"),
    [
        (0, 0, 5, True, False),  # it has not opened the frontier
        (7, 0, 1, True, False),
        (7, 0, 2, True, True),
        (7, 0, 2, False, False),  # its last status may say why it could not begin
        (7, 1, 1, False, True),
    ],
)
def test_a_worker_has_worked_with_its_second_status_or_its_first_page(
    owner: int, done: int, beat: int, runs: bool, worked: bool, tmp_path: Path
) -> None:
    process: Any = object() if runs else None
    seat = Seat(0, tmp_path, process)
    assert not seat.has_worked
    status_file(tmp_path, seat.name).write_text(WorkerStatus(1, beat, owner, done).text())
    assert seat.read_status()
    assert seat.has_worked is worked
    assert not seat.read_status(), "it is the same one"
