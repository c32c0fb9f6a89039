"""Remembers for the next run of a crawl which hosts were sent cookies out of a jar."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from crawlproj.private_files import opener

if TYPE_CHECKING:
    from pathlib import Path

MAX_HOSTS = 5


class SentCookies:
    """The first five hosts that were sent cookies, in a file that outlives a killed process.

    file: where they are kept, one in a line; None keeps them in memory. A file that cannot be read
    or written is the same as None: nothing but a warning depends on it.

    hosts: theirs, those of earlier runs included.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.hosts: list[str] = []
        if file is not None:
            with suppress(OSError):
                self.hosts = file.read_text("utf-8", "replace").split()[:MAX_HOSTS]

    def note(self, host: str) -> None:
        """Remember that ``host`` was sent cookies."""
        if len(self.hosts) == MAX_HOSTS or host in self.hosts:
            return
        self.hosts.append(host)
        if self._file is not None:
            with suppress(OSError), open(self._file, "a", encoding="utf-8", opener=opener) as file:
                file.write(f"{host}\n")

    def forget(self) -> None:
        """Forget all hosts, and remove the file."""
        self.hosts = []
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)
