"""How well the main text is found: ``python -m benchmarks.main_text``.

The pages are documentation that Debian packages install, in eight kinds. Their truth is the text of
the element that each generator puts the content in. F1 is over words, as in the evaluations of
trafilatura, which is measured on the same pages if it is installed. Kinds whose package is missing
are skipped.

``--articles DIR`` adds news and blogs: DIR is a clone of the public
https://github.com/scrapinghub/article-extraction-benchmark, whose truth people have marked by hand.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from crawlproj.content.captions import without_captions
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
    parser = argparse.ArgumentParser(prog="python -m benchmarks.main_text", description=__doc__)
    parser.add_argument("--articles", type=Path, metavar="DIR")
    options = parser.parse_args()
    extractors: dict[str, Extract] = {"crawlproj": _ours}
    if (theirs := _trafilatura()) is not None:
        extractors["trafilatura"] = theirs
    print(f"{'kind':10}{'pages':>6}", *(f"{name:>12}" for name in extractors))
    totals: dict[str, list[float]] = {name: [] for name in extractors}
    for name, kind in KINDS.items():
        if pages := pages_of(kind):
            for who, scores in _measured(name, pages, extractors).items():
                totals[who] += scores
        else:
            print(f"{name:10} skipped: install Debian's package {kind.package}")
    if totals["crawlproj"]:
        _print("all", totals)
    if options.articles:
        _measured("articles", articles_in(options.articles), extractors)
    return 0 if totals["crawlproj"] or options.articles else 1


def _measured(
    name: str, pages: list[tuple[bytes, str]], extractors: dict[str, Extract]
) -> dict[str, list[float]]:
    scores = {
        who: [f1(extract(body), truth) for body, truth in pages]
        for who, extract in extractors.items()
    }
    _print(name, scores)
    return scores


def _print(name: str, scores: dict[str, list[float]]) -> None:
    pages = len(scores["crawlproj"])
    print(f"{name:10}{pages:6}", *(f"{mean(values):12.3f}" for values in scores.values()))


def articles_in(folder: Path) -> list[tuple[bytes, str]]:
    """Return the pages of the article extraction benchmark and their true text."""
    truths = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    return [
        (gzip.decompress((folder / f"html/{name}.html.gz").read_bytes()), truth["articleBody"])
        for name, truth in truths.items()
    ]


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
    return text_of(without_captions(main_part_of(tree_of(body, "utf-8"))))


def _trafilatura() -> Extract | None:
    try:
        from trafilatura import extract  # noqa: PLC0415 - an oracle, not a dependency
    except ImportError:
        return None
    return lambda body: extract(body.decode("utf-8", "replace"), include_comments=False) or ""


if __name__ == "__main__":
    sys.exit(main())
