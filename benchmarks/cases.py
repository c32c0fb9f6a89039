"""The cases that are compared, and their targets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from crawlproj.demo.spec import Kind

Side = Literal["stock", "ours"]
SIDES: tuple[Side, ...] = ("stock", "ours")

IN_FLIGHT = 64
"""Requests in flight on both sides, in total and at the one site."""

LIGHT_RATIO = 5.0
"""The target of light cases."""


@dataclass(frozen=True, slots=True)
class Docs:
    """Documentation in files, such as a Debian package installs.

    package: the package; "" if nobody knows.
    parts: the folders below ``folder`` that are served, all if there are none.
    max_pages: of those, the first by path; 0 means all.
    index: the start page, in ``folder`` or in the first of ``parts``.
    """

    package: str
    folder: Path
    parts: tuple[str, ...] = ()
    max_pages: int = 0
    index: str = "index.html"

    @property
    def missing(self) -> str:
        """Why the case cannot run here; "" if it can."""
        page = self.folder.joinpath(*self.parts[:1], self.index)
        if page.is_file():
            return ""
        advice = f": install Debian's package {self.package}" if self.package else ""
        return f"{page} does not exist{advice}"


@dataclass(frozen=True, slots=True)
class Case:
    """A comparison.

    source: the pages: a kind of demo site, or documentation.
    job: "whole": links are followed and all fields stored, on both sides; "light": the same here,
        while the stock spider takes title and links and stores nothing; "fetch": pages are only
        fetched.
    min_ratio: target for stock Scrapy's CPU per page divided by ours.
    max_cpu_ms: target for our CPU milliseconds per page; None without one.
    pages: pages of a run on a demo site, unless the command line sets them.
    """

    name: str
    source: Kind | Docs
    job: Literal["whole", "light", "fetch"]
    min_ratio: float
    max_cpu_ms: float | None = None
    pages: int = 0

    @property
    def target(self) -> str:
        """The target as text."""
        maximum = f", ≤ {self.max_cpu_ms:g} ms" if self.max_cpu_ms is not None else ""
        return f"≥ {self.min_ratio:g}×{maximum}"

    def reached(self, ratio: float, cpu_ms: float) -> bool:
        """Return whether the medians reach the target."""
        return ratio >= self.min_ratio and (self.max_cpu_ms is None or cpu_ms <= self.max_cpu_ms)


_DOC = Path("/usr/share/doc")

CASES = {
    case.name: case
    for case in (
        Case("links", "docs", "whole", 24, pages=400),
        Case("plain", "plain", "whole", 4, 1.05, pages=1500),
        Case("fetch", "plain", "fetch", 3.4, 0.5, pages=4000),
        Case(
            "python-docs",
            Docs("python3.11-doc", _DOC / "python3.11/html"),
            "whole",
            15,
            2.6,
        ),
        Case(
            "rust-docs",
            Docs("rust-doc", _DOC / "rust-doc/html", ("book", "reference", "std"), 4000),
            "whole",
            15,
        ),
        Case(
            "postgres-docs",
            Docs("postgresql-doc-15", _DOC / "postgresql-doc-15/html"),
            "light",
            LIGHT_RATIO,
        ),
        Case("git-docs", Docs("git-doc", _DOC / "git-doc"), "light", LIGHT_RATIO),
        Case("sqlite-docs", Docs("sqlite3-doc", _DOC / "sqlite3"), "light", LIGHT_RATIO),
    )
}


def case_of(path: Path) -> Case:
    """Return the case of other documentation, compared with the light stock spider.

    path: its folder, or its start page where that is not index.html.
    """
    folder, index = (path.parent, path.name) if path.suffix == ".html" else (path, "index.html")
    return Case(str(path), Docs("", folder, index=index), "light", LIGHT_RATIO)
