"""A crawl goes on when nobody reads what it shows, and its panel leaves nothing behind."""

from __future__ import annotations

import os
import re
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
    assert shown.getvalue().count(UP) == (0 if cuts else broken) + 3
    assert shown.getvalue().endswith("c\n")
    terminal.file = shown = StringIO()
    panel.update("d", refresh=True)
    assert shown.getvalue().count(UP) == 1
    panel.stop()


def test_what_a_terminal_echoes_below_a_panel_as_wide_as_itself_leaves_nothing_behind() -> None:
    shown = StringIO()
    terminal = Display(file=shown, force_terminal=True, force_interactive=True, width=20, height=20)
    panel = LivePanel(terminal)
    panel.start()
    panel.update("top\n" + "=" * 20, refresh=True)
    shown.write("^C")
    panel.stop()
    screen = Screen(columns=20)
    screen.write(shown.getvalue())
    assert screen.text() == ""


class Screen:
    """A terminal, as far as a panel uses one: it wraps late, as they do, and cannot scroll."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._rows: dict[int, str] = {}
        self._row = self._column = 0

    def write(self, data: str) -> None:
        for part in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|.", data, re.DOTALL):
            match part:
                case "\n":
                    self._row, self._column = self._row + 1, 0
                case "\r":
                    self._column = 0
                case "\x1b[2K":
                    self._rows[self._row] = ""
                case "\x1b[1A":
                    self._row -= 1
                case str() if not part.startswith("\x1b"):
                    self._put(part)

    def _put(self, character: str) -> None:
        if self._column == self._columns:
            self._row, self._column = self._row + 1, 0
        line = self._rows.get(self._row, "").ljust(self._column)
        self._rows[self._row] = line[: self._column] + character + line[self._column + 1 :]
        self._column += 1

    def text(self) -> str:
        return "\n".join(self._rows[row] for row in sorted(self._rows)).strip()
