"""The names of the files in a fleet's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def status_file(folder: Path, worker: str) -> Path:
    """Return the file a worker writes its status to."""
    return folder / f"worker-{worker}.json"


def breadcrumb_file(folder: Path, worker: str) -> Path:
    """Return the file in which a worker records its current page."""
    return folder / f"worker-{worker}.page"


def log_file(folder: Path, worker: str) -> Path:
    """Return the file that receives a worker's output."""
    return folder / f"worker-{worker}.log"
