"""How well the main text is found: ``python -m benchmarks.main_text``.

The pages are documentation that Debian packages install, in eight kinds. Their truth is the text of
the element that each generator puts the content in. F1 is over words, as in the evaluations of
trafilatura, which is measured on the same pages if it is installed. Kinds whose package is missing
are skipped.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from crawlproj.content.main_part import main_part_of
from crawlproj.content.text import text_of
from crawlproj.content.tree import tree_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Extract = Callable[[bytes], str]

_DOC = Path("/usr/share/doc")
_PAGES = 9
_SIZES = range(3_000, 300_000)  # bytes


@dataclass(frozen=True, slots=True)
class Kind:
    """Pages of one generator.

    truth: selects the content. left_out: selects what is in it and not of it; "" if there is none.
    """

    package: str
    files: str
    truth: str
    left_out: str = ""


KINDS = {
    "sphinx": Kind("python3.11-doc", "python3.11/html/library/*.html", "div.body", "a.headerlink"),
    "rustdoc": Kind("rust-doc", "rust-doc/html/std/*/struct.*.html", "#main-content"),
    "mdbook": Kind("rust-doc", "rust-doc/html/book/ch*.html", "#content main"),
    "docbook": Kind(
        "postgresql-doc-15",
        "postgresql-doc-15/html/*.html",
        "body>div:not(.navheader):not(.navfooter)",
    ),
    "asciidoc": Kind("git-doc", "git-doc/git-*.html", "#content"),
    "node": Kind("nodejs-doc", "nodejs/api/*.html", "#apicontent"),
    "sqlite": Kind("sqlite3-doc", "sqlite3/*.html", "body", "div.nosearch,.menu,#searchmenu"),
    "policy": Kind(
        "debian-policy", "debian-policy/policy.html/*.html", "[role=main]", "a.headerlink"
    ),
}


def main() -> int:
    """Print F1 by kind and over all pages; 1 if no package is installed."""
    extractors: dict[str, Extract] = {"crawlproj": _ours}
    if (theirs := _trafilatura()) is not None:
        extractors["trafilatura"] = theirs
    print(f"{'kind':10}{'pages':>6}", *(f"{name:>12}" for name in extractors))
    totals: dict[str, list[float]] = {name: [] for name in extractors}
    for name, kind in KINDS.items():
        pages = pages_of(kind)
        if not pages:
            print(f"{name:10} skipped: install Debian's package {kind.package}")
            continue
        scores = {
            who: [f1(extract(body), truth) for body, truth in pages]
            for who, extract in extractors.items()
        }
        print(f"{name:10}{len(pages):6}", *(f"{mean(scores[who]):12.3f}" for who in extractors))
        for who, values in scores.items():
            totals[who] += values
    if not totals["crawlproj"]:
        return 1
    print(
        f"{'all':10}{len(totals['crawlproj']):6}",
        *(f"{mean(values):12.3f}" for values in totals.values()),
    )
    return 0


def pages_of(kind: Kind) -> list[tuple[bytes, str]]:
    """Return some pages of ``kind``, spread evenly over all, and their true text."""
    files = sorted(file for file in _DOC.glob(kind.files) if file.stat().st_size in _SIZES)
    pages = []
    for file in files[:: max(1, len(files) // _PAGES)][:_PAGES]:
        body = file.read_bytes()
        tree = tree_of(body, "utf-8")
        content = tree.select(kind.truth)
        for element in content:
            if kind.left_out:
                element.remove(kind.left_out)
        if content:
            pages.append((body, "\n".join(element.to_text() for element in content)))
    return pages


def f1(found: str, truth: str) -> float:
    """Return the harmonic mean of precision and recall over words, counted with repetition."""
    left, right = (Counter(re.findall(r"\w+", text.lower())) for text in (found, truth))
    words = left.total() + right.total()
    return 2 * (left & right).total() / words if words else 1.0


def _ours(body: bytes) -> str:
    return text_of(main_part_of(tree_of(body, "utf-8")))


def _trafilatura() -> Extract | None:
    try:
        from trafilatura import extract  # noqa: PLC0415 - an oracle, not a dependency
    except ImportError:
        return None
    return lambda body: extract(body.decode("utf-8", "replace"), include_comments=False) or ""


if __name__ == "__main__":
    sys.exit(main())
