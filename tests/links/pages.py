"""Pages that look like real documentation, for tests and benchmarks."""

from __future__ import annotations

import random

NAVIGATION = 180  # links that every page of a site repeats
OWN = 55  # links of the page itself
_WORDS = (
    *("the", "request", "is", "sent", "when", "a", "response", "of", "this", "method", "returns"),
    *("its", "value", "and", "if", "no", "argument", "was", "given", "then", "default", "settings"),
    *("apply", "to", "each", "object", "that", "has", "been", "configured", "by", "user"),
)


def documentation_page(number: int, *, size: int = 85_000, distinct: bool = False) -> bytes:
    """Return a page with 235 links and about ``size`` bytes, always the same for a ``number``.

    distinct: whether pages of different numbers have no link in common.
    """
    words = random.Random(number)  # noqa: S311 - filler text, not a secret
    mark = f"{number}-" if distinct else ""
    navigation = "".join(
        f'<li class="toctree-l1"><a class="reference internal" '
        f'href="../section{i // 20}/{mark}topic{i}.html">Topic number {i}</a></li>\n'
        for i in range(NAVIGATION)
    )
    parts = []
    room = (size - 1_000 - len(navigation)) // OWN - 420
    for i in range(OWN):
        prose = " ".join(words.choices(_WORDS, k=room // 5))
        parts.append(
            f'<section id="part{i}"><h2>Part {i}<a class="headerlink" title="Link" '
            f'name="part{i}">¶</a></h2>\n<p>{prose} <code class="docutils literal"><span '
            f'class="pre">name{i}</span></code> (see <a class="reference" '
            f'href="page{number}-{i}.html#part{i}">page {i}</a>).</p>\n<div class="highlight"><pre>'
            f'<span class="k">def</span> <span class="nf">name{i}</span>()</pre></div></section>\n'
        )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page {number}</title>'
        f'<meta name="description" content="About {number}"><link rel="canonical" '
        f'href="/docs/page{number}.html"><style>p {{ margin: 0 }}</style></head><body><nav><ul>'
        f"{navigation}</ul></nav><main>{''.join(parts)}</main>"
        f"<script>var page = {number};</script></body></html>"
    ).encode()
