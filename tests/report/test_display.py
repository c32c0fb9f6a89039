"""A crawl goes on when nobody reads what it shows, and its panel leaves nothing behind."""

from __future__ import annotations

import os
from io import StringIO

import pytest

from crawlproj.report.display import Display, LivePanel

UP = "\x1b[1A"


def test_a_display_whose_reader_has_gone_is_quiet_and_ends_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    with open(write, "w", buffering=1) as gone:  # noqa: PTH123 - a descriptor
        display = Display(file=gone)
        display.print("one line")
        assert display.quiet
        display.print("another")
        os.dup2(os.open(os.devnull, os.O_WRONLY), write)  # for what is left in the buffer


@pytest.mark.parametrize(
    ("width", "broken"),
    [
        (40, 0),
        (50, 0),
        (30, 0),
        (12, 2),  # the second line takes three rows
        (9, 1 + 3),
    ],
)
@pytest.mark.parametrize("cuts", [False, True])
def test_a_panel_that_a_narrower_terminal_has_broken_is_erased(
    width: int, broken: int, cuts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XTERM_VERSION", raising=False)
    if cuts:  # the lines instead of breaking them
        monkeypatch.setenv("XTERM_VERSION", "XTerm(390)")
    terminal = Display(
        file=StringIO(), force_terminal=True, force_interactive=True, width=40, height=20
    )
    panel = LivePanel(terminal)
    panel.start()
    panel.update("a" * 10 + "\n" + "b" * 30 + "\n", refresh=True)
    terminal.file = shown = StringIO()
    terminal.width = width
    panel.update("c", refresh=True)
    assert shown.getvalue().count(UP) == (0 if cuts else broken) + 2
    assert shown.getvalue().endswith("c")
    terminal.file = shown = StringIO()
    panel.update("d", refresh=True)
    assert UP not in shown.getvalue()
    panel.stop()
