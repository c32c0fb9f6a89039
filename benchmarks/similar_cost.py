"""The cost of NEAR_DUPLICATES, in CPU milliseconds per page: python -m benchmarks.similar_cost.

Pages of 13 KB with 800 different words each. A crawl looks at one page in eight, unless a shape of
URLs is suspected: then at each one of that shape.
"""

from __future__ import annotations

import random
import time

from crawlproj.content.fields import main_text_of
from crawlproj.content.page import PageContent
from crawlproj.content.parts import Parts
from crawlproj.links.similar import SimilarTexts

PAGES = 1_000
REPEATS = 3
BUDGET_MS = 0.1
_LOOKED_AT = 8  # one page in so many


def pages() -> list[PageContent]:
    """Return parsed pages, whose text was taken, as of each page that is stored."""
    choose = random.Random(1)  # noqa: S311 - the same pages every time
    words = ["".join(choose.choices("abcdefghijklmnop", k=6)) for _ in range(20_000)]
    made = []
    for number in range(PAGES):
        paragraphs = (" ".join(choose.choices(words, k=80)) for _ in range(22))
        body = f"<title>{number}</title><main><p>{'<p>'.join(paragraphs)}</main>"
        made.append(PageContent("http://a.example/", Parts(body.encode(), "utf-8")))
        assert made[-1].text
    return made


def costs_ms() -> tuple[float, float]:
    """Return the CPU milliseconds of taking the main text of a page, and of comparing it."""
    similar = SimilarTexts(0.9)
    made = pages()
    began = time.process_time()
    texts = [main_text_of(page) for page in made]
    taken = time.process_time()
    for text in texts:
        assert not similar.add(text)
    ended = time.process_time()
    return (taken - began) / PAGES * 1000, (ended - taken) / PAGES * 1000


def main() -> None:
    """Print the costs, and fail if they are over the budget."""
    taking, comparing = min((costs_ms() for _ in range(REPEATS)), key=sum)
    cost = (taking + comparing) / _LOOKED_AT
    print(
        f"near-duplicates: {taking:.3f} ms of CPU for the main text, {comparing:.3f} ms to compare "
        f"it; {cost:.3f} ms per page of a crawl (budget {BUDGET_MS} ms)"
    )
    if cost > BUDGET_MS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
