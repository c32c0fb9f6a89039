"""The cost of validators, in CPU milliseconds: python -m benchmarks.validators_cost.

For a page that is fetched: reading its ETag and Last-Modified, and storing them, beside the same
pages without any. For a page that is checked: reading its row, sending its validators, and taking
in the answer 304; noting that it is unchanged is stated apart. Pages have 5 KB of text, and their
rows come 50 at a time; nothing is downloaded.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.http import Response
from scrapy.signalmanager import SignalManager

from crawlproj._scrapy.signals import QuickSignals
from crawlproj.downloadermiddlewares.conditional import ConditionalMiddleware
from crawlproj.pages import page_of
from crawlproj.scheduling.checks import NotModified, make_check
from crawlproj.store.base import CHECKS, Row
from crawlproj.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawlproj.store.base import Checked

PAGES, BATCH, REPEATS = 3_000, 50, 5
BUDGET_MS = 0.03
_HEADERS = {"Content-Type": "application/octet-stream", "Server": "a"}
_VALIDATORS = {"ETag": '"5f02c3a19b7d"', "Last-Modified": "Sat, 28 Nov 2026 10:00:00 GMT"}
_TEXT = "word " * 1_000


def responses(headers: Mapping[str, str]) -> list[Response]:
    """Return answers to requests for different pages."""
    urls = [f"http://a.example/{number}" for number in range(PAGES)]
    return [Response(url, headers=headers, body=url.encode(), request=Request(url)) for url in urls]


def reading_ms(answers: Sequence[Response]) -> float:
    """Return the cost of making the items."""
    began = time.process_time()
    for answer in answers:
        page_of(answer)
    return _per_page(began)


async def storing_ms(store: SqliteStore, answers: Sequence[Response]) -> float:
    """Return the cost of storing pages in an empty store."""
    rows = []
    for answer in answers:
        page = page_of(answer)
        page.text = _TEXT
        rows.append(Row("pages", asdict(page)))
    await store.open()
    began = time.process_time()
    for start in range(0, PAGES, BATCH):
        await store.write(rows[start : start + BATCH])
    return _per_page(began)


async def checking_ms(store: SqliteStore) -> tuple[float, float]:
    """Return the costs of a check: of reading, sending and the answer; and of noting that."""
    signals = SignalManager()
    QuickSignals(signals).install()  # as in a crawl
    crawler: Any = SimpleNamespace(signals=signals)
    middleware = ConditionalMiddleware(crawler)
    urls = [f"http://a.example/{number}" for number in range(PAGES)]
    requests = {url: Request(url) for url in urls}
    answers = {url: Response(url, status=304) for url in urls}
    pages: list[Checked] = []
    start = ""
    gc.freeze()  # a crawl does not keep thousands of answers, which collections look through
    began = time.process_time()
    while found := await store.checked("pages", start, None, 500):
        pages += found
        start = f"{found[-1].url}\x01"
    for page in pages:
        request = requests[page.url]
        make_check(request, page, conditional=True)
        middleware.process_request(request)
        with suppress(NotModified):
            middleware.process_response(request, answers[page.url])
    asking = _per_page(began)
    assert len(pages) == PAGES
    now = time.time()
    rows = [Row(CHECKS, {"url": page.url, "checked_at": now}, page.url) for page in pages]
    began = time.process_time()
    for at in range(0, PAGES, BATCH):
        await store.write(rows[at : at + BATCH])
    return asking, _per_page(began)


async def costs(folder: Path) -> tuple[float, float, float]:
    """Return the costs of keeping validators, of a check, and of noting it."""
    with_them, without = responses({**_HEADERS, **_VALIDATORS}), responses(_HEADERS)
    kept = reading_ms(with_them) - reading_ms(without)
    plain = SqliteStore(folder / "without.db")
    kept -= await storing_ms(plain, without)
    await plain.close()
    store = SqliteStore(folder / "with.db")
    kept += await storing_ms(store, with_them)
    asking, noting = await checking_ms(store)
    await store.close()
    return kept, asking, noting


def _per_page(began: float) -> float:
    return (time.process_time() - began) / PAGES * 1000


def main() -> None:
    """Print the costs, and fail if one is over the budget."""
    rounds = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(asyncio.run(costs(Path(folder))))
    kept, asking, noting = (sorted(each)[REPEATS // 2] for each in zip(*rounds, strict=True))
    print(
        f"validators: {kept:.3f} ms of CPU for a page that has them, {asking:.3f} ms for a check "
        f"(budget {BUDGET_MS} ms each), {noting:.3f} ms to note that it is unchanged"
    )
    if max(kept, asking) > BUDGET_MS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
