"""A file that is there whole or not at all, whatever ends the process."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from crawlproj.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextlib.contextmanager
def whole_file(path: Path) -> Generator[Path]:
    """Give the path of an empty file to write, mode 0600, in the folder of ``path``.

    At the end it takes the place of ``path``, once it is on the disk; after an exception it is
    removed. A killed process leaves it behind, as ``.NAME.part``, and the next one writes it anew.
    Raises ExportError if the folder cannot be written, or another process writes the same file;
    OSError if the disk fails.
    """
    part = path.with_name(f".{path.name}.part")
    descriptor = _open_alone(path, part)
    try:
        yield part
        os.fsync(descriptor)
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    finally:
        os.close(descriptor)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _open_alone(path: Path, part: Path) -> int:
    """Return a descriptor of ``part`` with a lock that ends with this process."""
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise ExportError(
            f"{path} cannot be written ({exc.strerror}); check that its folder exists and that you "
            "may write there, or name another file"
        ) from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever had the lock may have renamed or removed the file meanwhile.
        if not os.path.samestat(os.fstat(descriptor), part.stat()):
            raise BlockingIOError
        os.ftruncate(descriptor, 0)
        os.fchmod(descriptor, 0o600)
    except (BlockingIOError, FileNotFoundError):
        os.close(descriptor)
        raise ExportError(
            f"another export is writing {path}; wait for its end, or name another file"
        ) from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
