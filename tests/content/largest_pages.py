"""The largest hostile pages, and what it costs to read all fields of each.

Run as a program, it prints a line of JSON for each: its name, CPU seconds, and MB at the peak above
those before. A process of its own, because memory that was once used is used again.
"""

from __future__ import annotations

import json
import logging
import time
from itertools import count, islice
from pathlib import Path
from random import Random

from scrapy import Request
from scrapy.http import HtmlResponse

from crawlproj.content.fields import FIELDS
from crawlproj.content.parts import MAX_BYTES
from crawlproj.links.extractor import LinkExtractor
from crawlproj.pages import page_of

_LONG_BASE = f'<base href="/{"a" * 4000}/">'
_RANDOM = (
    *("<p>", "</p>", "<b>", "</b>", "<a href=x>", "</a>", "<table>", "</table>", "<td>", "<li>"),
    *("<ul>", "<blockquote>", "<pre>", "</pre>", "<h2>", "<img src=y>", "<br>", "<svg>", "</svg>"),
    *("<i hidden>", "<div class=menu>", "<p itemscope itemprop=a>", "<select>", "<figcaption>"),
    *("x", " word ", "*", "`", "[a](b)", "|", "\n", "&nbsp;", "é"),
)


def shapes() -> dict[str, str]:
    """Return those that cost most of some 9,000, and random ones."""
    random = Random(1)  # noqa: S311 - no secret
    return {
        "tables that are left for each <b>": "<table>x<b>",
        "emphasis that is open in each paragraph": "<b>x<p>y",
        "images in one size of two": "<img srcset='a 1x, b 2x'>",
        "links in each other that show nothing": "<svg><title><a href=x>",
        "links in each other that are named after the rest": "<svg><title><p>x<a href=x>",
        "quotes and empty lists below the deepest": "<ul><li><blockquote>",
        "line breaks of nothing": "<b></b><br>",
        "links that are no URLs": "<a href='//['>x</a>",
        "sites of their own": "<a href=http://h{}.test/>x</a>",
        "places below a long base": _LONG_BASE + "<a href=#x{}>y</a>",
        "pictures below a long base": _LONG_BASE + "<img src={}>",
        "links around all of the text": "<a href=x title=y><object>" * 250 + "word " * 800_000,
        "formulas in each other": "<math><annotation encoding=application/x-tex>" * 250
        + "word " * 800_000,
        "properties in each other": "<p itemscope>" + "<i itemprop=a>" * 250 + "word " * 800_000,
        "words of one text": "1. ",
        "characters of four bytes": "\N{GRINNING FACE}" + "word " * 800_000,
        "lines of code and a character of four bytes": "<pre>\N{GRINNING FACE}"
        + "line of code\n" * 1000,
        "long classes": f"<p class='{'ab ' * 300}'>{'text ' * 20}</p>",
        "empty lists of JSON-LD": "<script type=application/ld+json>[[]" + ",[]" * 2_700_000,
        **{f"random {n}": "".join(random.choices(_RANDOM, k=6)) for n in range(2)},
        "random without end": "".join(random.choices(_RANDOM, k=2_000_000)),
    }


def body_of(shape: str) -> bytes:
    """Return a page of ``shape``, again and again and with numbers, after its base."""
    base, mark, unit = shape.rpartition("/>") if shape.startswith("<base") else ("", "", shape)
    most = MAX_BYTES // len(unit.encode())
    units = map(unit.format, islice(count(), most)) if "{}" in unit else [unit] * most
    return (base + mark + "".join(units)).encode()[:MAX_BYTES]


def cost_of(body: bytes) -> tuple[float, float]:
    """Return the CPU seconds that a page takes, and the MB at the peak."""
    response = HtmlResponse("http://a.test/b/c", body=body)
    response.request = Request(response.url)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, began = _kilobytes("VmRSS"), time.process_time()
    LinkExtractor().extract_urls(response)
    page_of(response, tuple(FIELDS))
    return time.process_time() - began, (_kilobytes("VmHWM") - before) / 1000


def _kilobytes(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{name}:")[2].split(maxsplit=1)[0])


if __name__ == "__main__":
    logging.disable()
    for name, shape in shapes().items():
        cpu_s, peak_mb = cost_of(body_of(shape))
        print(json.dumps([name, round(cpu_s, 2), round(peak_mb)]), flush=True)  # noqa: T201
