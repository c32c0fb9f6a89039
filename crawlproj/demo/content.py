"""The HTML of the demo web's pages, assembled from cached blocks so that it is cheap to produce."""

from __future__ import annotations

import random
from functools import lru_cache
from zlib import crc32

from crawlproj.demo.spec import SECTION, SiteSpec, links_of, path_of
from crawlproj.demo.traps import ENTRIES, comment_links, links_html

_WORDS = [
    "a",
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "for",
    "each",
    "with",
    "from",
    "this",
    "by",
    "when",
    "one",
    "page",
    "site",
    "crawl",
    "frontier",
    "lease",
    "queue",
    "latency",
    "request",
    "answer",
    "limit",
    "permit",
    "store",
    "batch",
    "link",
    "depth",
    "robots",
    "polite",
    "retry",
    "pending",
    "commit",
    "ready",
    "slot",
    "sample",
    "worker",
    "crash",
    "resume",
    "default",
    "setting",
    "value",
    "method",
    "class",
    "returns",
    "raises",
    "argument",
    "object",
    "response",
    "header",
    "status",
    "body",
    "byte",
    "second",
    "address",
    "host",
    "name",
    "server",
    "client",
    "connection",
    "socket",
    "buffer",
    "memory",
    "file",
    "table",
    "row",
    "column",
    "index",
    "key",
    "order",
    "first",
    "last",
    "next",
]
_BLOCKS = 96  # distinct paragraphs, code blocks and headings

PLAIN_PARAGRAPHS = 26
DOCS_NAVIGATION = 150  # links in the sidebar of every page
DOCS_SECTIONS = 20  # each has a link in the contents, one at its heading and one in its text
DOCS_LINKS = 235


def title_of(spec: SiteSpec, n: int) -> str:
    """Return the title of page ``n``, as it is written in HTML."""
    return f"Page {n}: {_heading((n * 7) % _BLOCKS)} &mdash; {spec.name}"


def page_html(spec: SiteSpec, n: int, private: str, nofollowed: str) -> bytes:
    """Return page ``n``: 85 KB on a docs site, 1.4 KB on a small one or one with traps, else 13 KB.

    private: a path that robots.txt disallows and the page links to.
    nofollowed: a path that a page with a nofollow rule links to; "" for a page without the rule.
    """
    rules = '<meta name="robots" content="noindex, nofollow">\n' if nofollowed else ""
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title_of(spec, n)}</title>\n"
        f'<meta name="description" content="Page {n} of {spec.name}: {_heading(n % _BLOCKS)}.">\n'
        f'<link rel="canonical" href="{path_of(n)}">\n{rules}'
        '<link rel="stylesheet" href="/style.css">\n'
        "<style>body { margin: 0 auto; max-width: 60em }</style>\n</head>\n<body>\n"
    )
    if nofollowed:
        head += f'<p><a href="{nofollowed}">not for robots</a></p>\n'
    if spec.kind == "traps":
        head += links_html([*comment_links(path_of(n)), *(ENTRIES if n == 0 else ())])
    make = _docs_body if spec.kind == "docs" else _plain_body
    return f"{head}{make(spec, n, private)}</body>\n</html>\n".encode()


def _plain_body(spec: SiteSpec, n: int, private: str) -> str:
    links = links_of(spec, n)
    # Leaves of the tree link to distant pages instead of children.
    links += [link for step in range(3, 10) if (link := (n * step + step) % spec.linked) != n]
    seed = n + crc32(spec.name.encode())
    items = "".join(
        f'<li><a href="{path_of(link)}">{_heading(link % _BLOCKS)}</a></li>\n'
        for link in list(dict.fromkeys(links))[: max(6, len(links_of(spec, n)))]
    )
    paragraphs = 1 if spec.kind in {"small", "traps"} else PLAIN_PARAGRAPHS
    text = "".join([_paragraph((seed + 5 * i) % _BLOCKS) for i in range(paragraphs)])
    return (
        f'<nav><a href="/">{spec.name}</a></nav>\n<h1>Page {n}</h1>\n<ul>\n{items}'
        f'<li><a href="{private}">private</a></li>\n</ul>\n{text}<script>var page = {n};</script>\n'
    )


def _docs_body(spec: SiteSpec, n: int, private: str) -> str:
    here = n // SECTION if n else None
    contents = "".join([_item(f"#part-{i}", n + i) for i in range(DOCS_SECTIONS)])
    sections = "".join([_docs_section(spec, n, i) for i in range(DOCS_SECTIONS)])
    # Odd links, as on real pages: 5, and one that robots.txt disallows.
    footer = (
        '<a href="mailto:docs@example.org">Write to us</a> <a href="javascript:void(0)">Menu</a> '
        '<a href="http://[broken/">Broken</a> <a href="">Top</a> '
        f'<a href="https://www.example.org/docs/">Elsewhere</a> <a href="{private}">Private</a>'
    )
    links = links_of(spec, n)
    # The nofollow page has one link of its own; the remaining links lead on, some twice.
    rest = DOCS_LINKS - DOCS_NAVIGATION - 3 * DOCS_SECTIONS - 6 - (n == spec.nofollow_page)
    listed = [links[i % len(links)] if links else 0 for i in range(rest)]
    related = "".join([_item(relative(here, link), link) for link in listed])
    return (
        f"{_navigation(spec, here)}<main>\n<h1>Page {n}"
        f'<a name="top"></a></h1>\n<ul class="contents">\n{contents}</ul>\n{sections}'
        f"<ul>\n{related}</ul>\n</main>\n<footer>{footer}</footer>\n"
        f"<script>var page = {n};</script>\n"
    )


def _item(href: str, block: int) -> str:
    text = _heading(block % _BLOCKS)
    return f'<li><a class="reference internal" href="{href}">{text}</a></li>\n'


def _docs_section(spec: SiteSpec, n: int, i: int) -> str:
    block = (n + 13 * i) % _BLOCKS
    target = (n + i + 1) % spec.linked
    link = relative(n // SECTION if n else None, target)
    return (
        f'<section id="part-{i}">\n<h2>{_heading((n + i) % _BLOCKS)}'
        f'<a class="headerlink" href="#part-{i}" title="Link to this heading">&#182;</a></h2>\n'
        f"{_paragraph(block)}<p>{_heading((block + 1) % _BLOCKS)} see "
        f'<a class="reference internal" href="{link}#part-{(n + i) % DOCS_SECTIONS}">'
        f'<code class="xref literal"><span class="pre">{_heading(target % _BLOCKS)}</span></code>'
        f"</a>.</p>\n{_code(block)}{_paragraph((block + 7) % _BLOCKS)}</section>\n"
    )


@lru_cache(maxsize=512)
def _navigation(spec: SiteSpec, here: int | None) -> str:
    """Return the sidebar for the pages of section ``here`` (None: the start page)."""
    items = []
    for i in range(DOCS_NAVIGATION):
        # Large sites: a sample of the pages. Small sites: every page, then their sections.
        n = i * spec.linked // DOCS_NAVIGATION if spec.linked > DOCS_NAVIGATION else i % spec.linked
        part = f"#part-{i % DOCS_SECTIONS}" if i >= spec.linked else ""
        items.append(
            f'<li class="toctree-l{1 + (i % 5 > 0)}"><a class="reference internal" '
            f'href="{relative(here, n)}{part}">{_heading(n % _BLOCKS)}</a></li>\n'
        )
    return f'<nav class="sidebar" aria-label="Main">\n<ul>\n{"".join(items)}</ul>\n</nav>\n'


def relative(here: int | None, n: int) -> str:
    """Return the link to page ``n`` from a page of section ``here`` (None: the start page)."""
    if here is None:
        return path_of(n)[1:] or "./"
    if n == 0:
        return "../"
    return f"page{n}.html" if n // SECTION == here else f"..{path_of(n)}"


@lru_cache(maxsize=_BLOCKS)
def _heading(block: int) -> str:
    chosen = random.Random(block)  # noqa: S311 - repeatable words, not a secret
    return " ".join(chosen.choices(_WORDS, k=3)).capitalize()


@lru_cache(maxsize=_BLOCKS)
def _paragraph(block: int) -> str:
    chosen = random.Random(block + 1000)  # noqa: S311
    words = chosen.choices(_WORDS, k=76)
    words[20] = f"<em>{words[20]}</em>"
    words[40] = f"<code>{words[40]}</code>"
    return f"<p>{' '.join(words).capitalize()}.</p>\n"


@lru_cache(maxsize=_BLOCKS)
def _code(block: int) -> str:
    """Return a code block as a syntax highlighter writes it, with a span for each token."""
    chosen = random.Random(block + 2000)  # noqa: S311
    lines = []
    for _ in range(10):
        name, verb, argument, value = chosen.choices(_WORDS, k=4)
        lines.append(
            f'<span class="n">{name}</span> <span class="o">=</span> <span class="n">{verb}</span>'
            f'<span class="p">(</span><span class="n">{argument}</span>'
            f'<span class="p">)</span>  <span class="c1"># {value}</span>\n'
        )
    return (
        f'<div class="highlight-python notranslate"><div class="highlight"><pre><span></span>'
        f"{''.join(lines)}</pre></div></div>\n"
    )
