"""Malformed answers are not an outage: the other pages of a site are not kept waiting."""

from __future__ import annotations

import time
from collections import Counter

from tests.downloadermiddlewares.crawling import crawl
from tests.hostile.cases import http
from tests.http.helpers import on_reactor
from tests.http.mockserver import Reader, Server, Writer, running


class Faulty(Server):
    """Each of ``every`` pages is malformed."""

    def __init__(self, every: int) -> None:
        super().__init__()
        self._every = every

    async def converse(self, reader: Reader, writer: Writer) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            number = int(head.split()[1].removeprefix(b"/"))
            malformed = self._every and number % self._every == 0
            writer.write(b"HTTP/1.1 what?\r\n\r\n" if malformed else http(b"fine"))
            await writer.drain()
            if malformed:
                return


@on_reactor
async def test_malformed_pages_delay_the_others_of_their_site_little() -> None:
    pages = 120
    took_s = []
    for every in (0, 4):
        site = Faulty(every)
        with running(site):
            started = time.monotonic()
            outcomes, _ = await crawl([site.url(f"/{n}") for n in range(pages)], RETRY_TIMES=2)
            took_s.append(time.monotonic() - started)
        expected = {200: pages} if not every else {200: 90, "malformed-response": 30}
        assert Counter(outcomes.values()) == expected
    # Counted as an outage, they took a hundred times as long.
    assert took_s[1] < 10 * took_s[0] + 5
