"""A folder of WARC files that grows with a crawl.

A file that grows is called ``NAME.warc.gz.open``, and its writer holds a lock on it. Once it is
complete, its index is written beside it and it becomes ``NAME.warc.gz``. A killed writer leaves an
``.open`` file whose last record may be torn; whoever opens the folder next cuts that off and
completes the file. So no ``.warc.gz`` ever has a torn record.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import socket
import time
import uuid
from collections import OrderedDict
from typing import TYPE_CHECKING

from crawlproj.bounded import put
from crawlproj.errors import ArchiveError
from crawlproj.open_paths import is_deleted
from crawlproj.warc.index import whole_length, write_index
from crawlproj.warc.records import (
    Exchange,
    Original,
    date_of,
    digest_of,
    end_of_head,
    info_member,
    members,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)

_OPEN = ".warc.gz.open"
_MAX_FILE_BYTES = 1024**3
_LARGE_BYTES = 64 * 1024  # of a response that a thread compresses
_MAX_ORIGINALS = 200_000  # payloads that are remembered, 40 MB of them


class Archive:
    """Appends exchanges to WARC files of about a gigabyte in ``folder``.

    An exchange whose ``add`` has returned survives a SIGKILL. A payload that is there already, of
    any URL, becomes a revisit record. Any number of processes may write to a folder; each has files
    of its own.

    info: returns the fields of a file's warcinfo record.
    """

    def __init__(self, folder: Path, info: Callable[[], Mapping[str, str]]) -> None:
        self._folder = folder
        self._info = info
        self._descriptor = -1
        self._path = folder
        self._size = self._serial = 0
        began = time.strftime("%Y%m%d%H%M%S", time.gmtime())
        # Processes on other machines, and other crawls in this one, may write to the folder.
        self._name = f"{began}-{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
        self._originals: OrderedDict[str, Original] = OrderedDict()
        self._completing: set[asyncio.Task[None]] = set()

    async def add(self, exchange: Exchange) -> None:
        """Append an exchange. Raises ArchiveError; the file then ends with the one before."""
        payload = exchange.response[end_of_head(exchange.response) :]
        digest = digest_of(payload)
        original = self._originals.get(digest) if payload else None
        if len(exchange.response) > _LARGE_BYTES:
            data = await asyncio.to_thread(members, exchange, digest, original)
        else:
            data = members(exchange, digest, original)
        try:
            if self._descriptor < 0:
                if not self._serial:
                    self._in_background(complete_leftovers, self._folder)
                self._begin_file()
            self._append(data)
        except OSError as exc:
            raise ArchiveError(
                f"WARC_DIR: {self._path} cannot be written ({exc.strerror or exc}); free space on "
                "its disk, or set WARC_DIR to another folder"
            ) from exc
        if original is None and not exchange.truncated and exchange.status != 304:
            here = Original(exchange.url, date_of(exchange.at))
            put(self._originals, digest, here, _MAX_ORIGINALS)
        if self._size >= _MAX_FILE_BYTES:
            self._in_background(_complete, self._path, self._give_up())

    async def close(self) -> None:
        """Complete the files, and log those that could not be; a later ``add`` begins a new one."""
        if self._descriptor >= 0:
            self._in_background(_complete, self._path, self._give_up())
        completing, self._completing = self._completing, set()
        for result in await asyncio.gather(*completing, return_exceptions=True):
            if isinstance(result, BaseException):
                logger.error("A WARC file could not be completed; the next crawl tries: %s", result)

    def _begin_file(self) -> None:
        self._serial += 1
        name = f"{self._name}-{self._serial:05}"
        self._path = self._folder / f"{name}{_OPEN}"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        unlocked = self._path.with_suffix(".new")  # nobody takes it for a leftover
        self._descriptor = os.open(unlocked, flags, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unlocked.replace(self._path)
        self._size = 0
        self._append(info_member(f"{name}.warc.gz", time.time(), self._info()))

    def _append(self, data: bytes) -> None:
        if is_deleted(self._descriptor):
            raise FileNotFoundError(errno.ENOENT, "it was deleted")
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            os.lseek(self._descriptor, self._size, os.SEEK_SET)
            raise
        self._size += len(data)

    def _in_background(self, work: Callable[..., None], *arguments: object) -> None:
        self._completing.add(asyncio.create_task(asyncio.to_thread(work, *arguments)))

    def _give_up(self) -> int:
        """Return the descriptor, for whoever completes the file."""
        descriptor, self._descriptor = self._descriptor, -1
        return descriptor


def complete_leftovers(folder: Path) -> None:
    """Complete the files that killed processes left, without their torn records. Raises OSError."""
    for path in sorted(folder.glob(f"*{_OPEN}")):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # another process has just completed it
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)  # its writer lives
            continue
        with os.fdopen(os.dup(descriptor), "rb") as file:
            whole = whole_length(file)
        if not whole:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            continue
        torn = os.fstat(descriptor).st_size - whole
        os.ftruncate(descriptor, whole)
        logger.info(
            "Completing %s, which a killed crawl left (%d torn bytes are cut off)",
            path,
            torn,
        )
        _complete(path, descriptor)


def _complete(path: Path, descriptor: int) -> None:
    """Index a file whose records are all whole, and give it its final name. Closes it."""
    try:
        if not path.exists():
            return  # another process had the lock before us
        final = path.with_name(path.name.removesuffix(".open"))
        os.fsync(descriptor)
        write_index(
            path, final.with_name(final.name.removesuffix(".warc.gz") + ".cdxj"), final.name
        )
        path.replace(final)
    finally:
        os.close(descriptor)
