"""Pages that other commands wrote as files: the report of a crawl, and the lab's results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

# They carry their scripts inside. In a sandbox without an origin, these reach nothing of ours.
_POLICY = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; frame-ancestors 'none'"
)
_LAB = Path("lab-report", "lab.html")


@dataclass(frozen=True, slots=True)
class FilePage:
    """A file at a path. Settings name it, never a request."""

    path: str
    title: str
    file: Path

    def route(self) -> Route:
        """Return the route to it."""

        async def respond(_: Request) -> Response:
            if not self.file.is_file():
                raise HTTPException(404, f"{self.title}: it is not written yet")
            return FileResponse(
                self.file, 200, {"Content-Security-Policy": _POLICY}, media_type="text/html"
            )

        return Route(self.path, respond)


def file_pages(report: str) -> list[FilePage]:
    """Return the pages. report: REPORT; "" if none is written."""
    pages = [FilePage("/lab", "Results of the lab", _LAB)]
    if report.endswith(".html"):
        pages.insert(0, FilePage("/report", "Report of the crawl", Path(report)))
    return pages
