"""A crawl goes on when nobody reads what it shows."""

from __future__ import annotations

import os

from crawlproj.report.display import Display


def test_a_display_whose_reader_has_gone_is_quiet_and_ends_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    with open(write, "w", buffering=1) as gone:  # noqa: PTH123 - a descriptor
        display = Display(file=gone)
        display.print("one line")
        assert display.quiet
        display.print("another")
        os.dup2(os.open(os.devnull, os.O_WRONLY), write)  # for what is left in the buffer
