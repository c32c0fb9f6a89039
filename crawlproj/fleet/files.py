"""The names of the files in a fleet's folder, and how to replace one atomically."""

from __future__ import annotations

import os
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


def write_whole(path: Path, text: str) -> None:
    """Replace a file atomically: a reader sees the old text or the new one."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(text, "utf-8")
    os.replace(new, path)  # noqa: PTH105 - Path.replace would return a Path that is not needed
