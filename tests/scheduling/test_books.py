"""A lease is acked once what became of its URL is written, and not as ended if it never is."""

from __future__ import annotations

import asyncio

import pytest

from crawlproj.errors import NotStored
from crawlproj.frontier.base import Ack, State
from crawlproj.scheduling.books import Books, Outcome
from tests.frontier.helpers import entry, run

ENDED = Ack(7, State.FAILED, "http-404")
BACK = Ack(7, State.PENDING, count_attempt=False)


@pytest.mark.parametrize(
    ("error", "applied"),
    [(None, ENDED), (NotStored("the disk is full"), BACK), (ValueError("no such row"), ENDED)],
)
def test_an_ack_waits_for_its_row_and_goes_back_if_the_store_has_failed(
    error: Exception | None, applied: Ack
) -> None:
    acks: list[Ack] = []

    async def scene() -> None:
        row: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

        def write(outcome: Outcome) -> asyncio.Future[str | None]:
            assert outcome.url == entry(1).url
            return row

        books = Books(lambda ack, _: acks.append(ack), spider=None)
        books.write = write
        books.close(ENDED, entry(1))
        assert len(books) == 1, "the store is not open"
        books.begin()
        assert (len(books), acks) == (1, [])
        if error is None:
            row.set_result(None)
        else:
            row.set_exception(error)
        await books.settled()

    run(scene())
    assert acks == [applied]


def test_without_a_store_each_ack_is_applied_at_once() -> None:
    acks: list[Ack] = []
    books = Books(lambda ack, _: acks.append(ack), spider=None)
    books.begin()
    books.close(ENDED, entry(1))
    assert acks == [ENDED]
