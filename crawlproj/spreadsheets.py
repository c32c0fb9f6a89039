"""Cells that a spreadsheet shows and does not run."""

from __future__ import annotations

from typing import Any

# A cell that begins with one of these is a formula to a spreadsheet, which may send the others away
# or start a program.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def runs(cell: Any) -> bool:
    """Whether a spreadsheet would run a cell. Numbers that are text are numbers to it."""
    if not isinstance(cell, str) or not cell.startswith(_FORMULA):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def disarmed(cell: Any) -> Any:
    """Return a cell of a table as a spreadsheet shows it, not as it runs it.

    Text that a spreadsheet would run gets an apostrophe before it; numbers stay as they are, also
    those that are text.
    """
    return f"'{cell}" if runs(cell) else cell
