"""Whether what is open is still where it was opened.

The system keeps a deleted file for whoever has it open, and throws away all that is written to it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class OpenPath:
    """A file that was opened by its path, as SQLite does.

    Raises OSError if there is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = _identity(path)

    @property
    def lost(self) -> bool:
        """Whether the file was deleted or replaced, which costs a microsecond to ask."""
        try:
            return _identity(self._path) != self._identity
        except FileNotFoundError:
            return True
        except OSError:  # nobody knows
            return False


def is_deleted(descriptor: int) -> bool:
    """Whether an open file has no name any more."""
    return os.fstat(descriptor).st_nlink == 0


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
