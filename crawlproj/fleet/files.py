"""The files of a fleet's folder: what each is called, and how it is written whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def status_file(folder: Path, worker: str) -> Path:
    """Return where a worker writes its status."""
    return folder / f"worker-{worker}.json"


def breadcrumb_file(folder: Path, worker: str) -> Path:
    """Return where a worker notes the page it is working on."""
    return folder / f"worker-{worker}.page"


def log_file(folder: Path, worker: str) -> Path:
    """Return where a worker's output goes."""
    return folder / f"worker-{worker}.log"


def write_whole(path: Path, text: str) -> None:
    """Replace a file, so that a reader sees the old one or the new one."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(text, "utf-8")
    os.replace(new, path)  # noqa: PTH105 - Path.replace would return a Path nobody wants
