"""CSV feeds run nothing in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from crawlproj.feeds import SafeCsvItemExporter
from crawlproj.spreadsheets import disarmed


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", "-", "+-1"]
)
def test_a_formula_becomes_text(cell: str) -> None:
    assert disarmed(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "text", "1", "-1.5", "+4e3", "a=b", " =1", "'=1"])
def test_other_text_and_numbers_stay(cell: str) -> None:
    assert disarmed(cell) == cell
    assert disarmed(-1) == -1


def test_cells_and_headings_are_disarmed() -> None:
    file = io.BytesIO()
    exporter = SafeCsvItemExporter(file)
    exporter.start_exporting()
    exporter.export_item({"@title": "=HYPERLINK(A1)", "tags": ["-a", "b"], "n": -3})
    exporter.finish_exporting()
    assert list(csv.reader(io.StringIO(file.getvalue().decode()))) == [
        ["'@title", "tags", "n"],
        ["'=HYPERLINK(A1)", "'-a,b", "-3"],
    ]
