"""Files named for what is in them: in a folder here, or in S3 (see s3.py)."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from crawlproj.config import text, writable_folder
from crawlproj.private_files import sync_folder
from crawlproj.store.places import local_folder, s3_folder

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy.settings import BaseSettings

USUAL_FILES_URL = "files"
"""FILES_URL unless it is set."""

_INCOMING = ".incoming"  # files that are being written


class Files(Protocol):
    """Where files are kept. Blocks; its errors are OSErrors. place: its name for people."""

    @property
    def place(self) -> str: ...

    def open(self) -> None:
        """Prepare it."""

    def keep(self, name: str, body: bytes) -> bool:
        """Write a file, named by ``name_of``; return whether it was not there yet."""


class FileFolder:
    """Keeps each content once, whichever URLs it came from.

    A file that has its name is whole and on the disk, whatever ends the process. Any number of
    processes may write to a folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def place(self) -> str:
        """The path."""
        return str(self.path)

    def open(self) -> None:
        """Make the folder, and remove what killed processes were writing. Raises OSError."""
        incoming = self.path / _INCOMING
        incoming.mkdir(parents=True, exist_ok=True)
        for part in incoming.iterdir():
            with suppress(FileNotFoundError, BlockingIOError):
                descriptor = os.open(part, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    part.unlink()
                finally:
                    os.close(descriptor)

    def keep(self, name: str, body: bytes) -> bool:
        """Write a file, mode 0600; return whether it was not there yet. Raises OSError.

        name: its path in the folder, which ``name_of`` returns.
        """
        path = self.path / name
        if path.exists():
            return False
        try:
            path.parent.mkdir()
            sync_folder(self.path)
        except FileExistsError:
            pass
        part = self.path / _INCOMING / path.name
        descriptor = _open_alone(part)
        try:
            if path.exists():  # another process wrote it while this one waited
                part.unlink()
                return False
            os.ftruncate(descriptor, 0)
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(body)
            os.fsync(descriptor)
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        finally:
            os.close(descriptor)
        sync_folder(path.parent)
        return True


def name_of(content_hash: str, extension: str) -> str:
    """Return the path of a file in its folder: "5f/5f02….pdf".

    content_hash: as in Page. extension: with its dot, or "".
    """
    return f"{content_hash[:2]}/{content_hash}{extension}"


def file_folder(settings: BaseSettings) -> Files:
    """Return the folder of FILES_URL, which is made if it is missing, unless it is in S3.

    Raises ConfigError if the setting is wrong, the folder cannot be written, or the library for S3
    is missing.
    """
    url = text(settings, "FILES_URL", USUAL_FILES_URL)
    local = local_folder("FILES_URL", url)
    if local is None:
        return s3_folder("FILES_URL", url, settings)
    return FileFolder(writable_folder("FILES_URL", local))


def saves_to(settings: BaseSettings, spider: object) -> str:
    """Return FILES_URL if ``spider`` saves files, else ""."""
    if getattr(spider, "save", None) is None:
        return ""
    return text(settings, "FILES_URL", USUAL_FILES_URL)


def _open_alone(part: Path) -> int:
    """Return a descriptor of ``part``, whose lock ends with it; wait for whoever has the lock."""
    while True:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Whoever had the lock may have renamed or removed the file meanwhile.
            if os.path.samestat(os.fstat(descriptor), part.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
