"""Documentation as a site on loopback, served by a process of its own.

``python -m benchmarks.doc_site FOLDER LOG MAX_PAGES [PART …]`` prints its address, and serves until
its standard input ends: the HTML pages below FOLDER, or below its PARTs, and nothing else.
They have an ETag, and If-None-Match is obeyed.
``/one.html`` is a page without links.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Self

from aiohttp import web

from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from benchmarks.cases import Docs

_TICKS_PER_S = float(os.sysconf("SC_CLK_TCK"))
_ONE = b"<!DOCTYPE html><title>One page</title><p>It links to nothing."


def pages_of(folder: Path, parts: Iterable[str], max_pages: int) -> dict[str, Path]:
    """Return the pages by path, in that order; max_pages: 0 means all."""
    roots = [folder / part for part in parts] or [folder]
    files = sorted(file for root in roots for file in root.rglob("*.html"))
    return {f"/{file.relative_to(folder)}": file for file in files[: max_pages or None]}


@dataclass(slots=True)
class DocSite:
    """A context manager that serves ``docs`` and writes the paths it served to ``log_file``."""

    docs: Docs
    log_file: Path
    url: str = ""
    _process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        docs = self.docs
        words = [str(docs.folder), str(self.log_file), str(docs.max_pages), *docs.parts]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.doc_site", *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the site of the documentation did not start"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.communicate()
        self._process = None

    @property
    def index(self) -> str:
        """The path of the start page."""
        return "/".join(["", *self.docs.parts[:1], self.docs.index])

    def fetched(self) -> list[str]:
        """Return the path of every request so far that had a page."""
        return self.log_file.read_text().split("\n")[:-1]

    def cpu_s(self) -> float:
        """Return the CPU seconds that the server has used; 0 where the system does not say."""
        assert self._process is not None
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


async def _serve(folder: Path, log: Path, max_pages: int, parts: list[str]) -> None:
    pages = pages_of(folder, parts, max_pages)
    bodies = {path: file.read_bytes() for path, file in pages.items()} | {"/one.html": _ONE}
    etags = {path: f'"{blake2b(body, digest_size=8).hexdigest()}"' for path, body in bodies.items()}

    async def answer(request: web.BaseRequest) -> web.Response:
        body = bodies.get(request.path)
        if body is None:
            return web.Response(status=404)
        record.write(f"{request.path_qs}\n")
        record.flush()
        headers = {"ETag": etags[request.path]}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="text/html", headers=headers)

    with log.open("w") as record:
        server = web.Server(answer)
        listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
        host, port = listening.sockets[0].getsockname()
        print(f"http://{host}:{port}", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await server.shutdown(0)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
