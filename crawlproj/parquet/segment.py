"""A file of rows that are not in Parquet files yet: an Arrow IPC stream that grows.

Whoever has it open holds a lock on it, which ends with its process.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from crawlproj.parquet.rows import SEGMENT_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX = ".rows"


class Segment:
    """A segment that is open for writing, or that a killed process left.

    size: bytes of it that count; what follows them belongs to a batch that was not committed.
    """

    def __init__(self, path: Path, descriptor: int, size: int) -> None:
        self.path = path
        self.size = size
        self._descriptor = descriptor

    @classmethod
    def begin(cls, path: Path) -> Segment:
        """Make a new one. Raises OSError."""
        unlocked = path.with_suffix(".new")  # nobody takes it for a leftover
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        segment = cls(path, os.open(unlocked, flags, 0o600), 0)
        try:
            fcntl.flock(segment._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            segment.append(SEGMENT_SCHEMA.serialize())
            unlocked.replace(path)
        except BaseException:
            unlocked.unlink(missing_ok=True)
            segment.close()
            raise
        return segment

    @classmethod
    def leftover(cls, path: Path) -> Segment | None:
        """Take over one whose process has ended; None if that lives, or removed it."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return cls(path, descriptor, 0)
        except BlockingIOError:
            pass
        os.close(descriptor)
        return None

    @property
    def name(self) -> str:
        """Its name, which no other segment has."""
        return self.path.stem

    def append(self, data: Any) -> None:
        """Write a message (pa.Buffer). Raises OSError, and is then as it was."""
        left = memoryview(data)
        try:
            while left:
                left = left[os.pwrite(self._descriptor, left, self.size + len(data) - len(left)) :]
        except OSError:
            self.cut(self.size)
            raise
        self.size += len(data)

    def cut(self, size: int) -> None:
        """Leave out what follows the first ``size`` bytes."""
        with suppress(OSError):  # whatever follows does not count anyway
            os.ftruncate(self._descriptor, size)
        self.size = size

    def sync(self) -> None:
        """Let it survive a power failure. Raises OSError."""
        os.fsync(self._descriptor)

    def batches(self) -> Iterator[tuple[Any, int]]:
        """Yield its record batches, which share memory with the file, in order, with their bytes.

        Raises pa.ArrowInvalid if the file is damaged.
        """
        with pa.memory_map(str(self.path)) as file:
            source = pa.BufferReader(file.read_buffer(self.size))
            reader = pa.ipc.open_stream(source)
            before = source.tell()
            for batch in reader:
                now = source.tell()
                yield batch, now - before
                before = now

    def close(self, *, remove: bool = False) -> None:
        """Let go of it. remove: for ever."""
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
