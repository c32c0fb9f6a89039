"""Rows in Redis outlive the version that wrote them."""

from __future__ import annotations

from itertools import product

import pytest

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Entry
from crawlproj.frontier.redis.rows import pack, unpack

SITE = "a.test"
URLS = (f"https://{SITE}/x", f"http://{SITE}/x", "ftp://b.test/", "http://a.test\udcff", "")


@pytest.mark.parametrize(
    ("url", "payload", "not_before"), list(product(URLS, (b"", b"{}"), (0.0, 1796071103.5)))
)
def test_a_row_is_read_as_it_was_written(url: str, payload: bytes, not_before: float) -> None:
    entry = Entry(-(2**63), SITE, url, payload, 7, not_before)
    assert unpack(SITE, 7, pack(entry, attempts=3)) == (entry, 3)


@pytest.mark.parametrize(
    ("entry", "row"),
    [
        (Entry(1, SITE, "https://a.test/x"), b"\4\0\0\0\0\0\0\0\0\1/x"),
        (Entry(-1, SITE, "http://a.test/"), b"\x08\0\xff\xff\xff\xff\xff\xff\xff\xff/"),
        (
            Entry(1, SITE, "http://b.test/", b"{}", not_before=1.5),
            b"\3\0\0\0\0\0\0\0\0\1\x3f\xf8\0\0\0\0\0\0\0\0\0\x0ehttp://b.test/{}",
        ),
    ],
)
def test_the_bytes_stay_what_earlier_versions_wrote(entry: Entry, row: bytes) -> None:
    assert pack(entry) == row


def test_attempts_end_at_255() -> None:
    assert unpack(SITE, 0, pack(Entry(1, SITE, ""), attempts=256))[1] == 255


@pytest.mark.parametrize("row", [b"", b"\0\0short", pack(Entry(1, SITE, "\udcff"))[:-1]])
def test_what_is_not_a_row_is_an_error_that_names_the_queue(row: bytes) -> None:
    with pytest.raises(FrontierError, match=r"queue of .* holds a row that is not an entry"):
        unpack(SITE, 0, row)
